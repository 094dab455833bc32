// What a certificate promises, by simulation: plans whose real risk is above alpha are certified in at most delta of all
// repeats, and what is certified costs little more than the best that could be.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "search/certificate.h"

namespace offramp {
namespace {

// Exits at one depth each that a row leaves by when its ease is above a threshold; an exit errs on a row that leaves with
// a chance that rises as ease falls. Real risks are known in closed form.
struct World {
  int points;
  float worst;  // chance of an error at ease 0
};

Outcomes draw(const World& world, int64_t rows, Rng& rng) {
  Outcomes o;
  o.classes = 2;
  o.base_cost = 100;
  o.labels.assign(size_t(rows), 0);
  o.base_predictions.assign(size_t(rows), 0);
  for (int p = 0; p < world.points; ++p) {
    ExitCandidate c;
    c.exit_point = c.head = p;
    c.backbone_cost = 100.0 * (p + 1) / (world.points + 1);
    c.scores.resize(size_t(rows));
    c.predictions.resize(size_t(rows));
    o.candidates.push_back(c);
  }
  for (size_t r = 0; r < size_t(rows); ++r) {
    const float luck = rng.uniform();  // the same for all exits: they err together
    for (int p = 0; p < world.points; ++p) {
      const float ease = rng.uniform(), gap = 1 - ease;
      o.candidates[size_t(p)].scores[r] = ease;
      o.candidates[size_t(p)].predictions[r] = luck < world.worst * gap * gap / float(p + 1);
    }
  }
  return o;
}

// Of the rows that reach an exit: the integral of the error's chance over those that leave there. Exits are reached
// independently, each by the share of rows that the ones before let pass.
double real_risk(const World& world, const std::vector<PlannedExit>& exits) {
  double risk = 0, reach = 1;
  for (const PlannedExit& exit : exits) {
    const double gap = std::clamp(1 - double(exit.threshold), 0.0, 1.0);
    risk += reach * double(world.worst) / double(exit.candidate + 1) * gap * gap * gap / 3;
    reach *= 1 - gap;
  }
  return risk;
}
double real_cost(const World& world, const std::vector<PlannedExit>& exits) {
  double cost = 0, reach = 1;
  for (const PlannedExit& exit : exits) {
    const double gap = std::clamp(1 - double(exit.threshold), 0.0, 1.0);
    cost += reach * gap * 100.0 * (exit.candidate + 1) / (world.points + 1);
    reach *= 1 - gap;
  }
  return cost + reach * 100;
}
// The least cost of a plan of up to two exits with a real risk of at most alpha, to half a percent of the rows.
double best_cost(const World& world, double alpha) {
  double best = 100;
  const auto gap_for = [&](int32_t point, double risk) {
    return std::min(1.0, std::cbrt(std::max(0.0, 3 * risk * (point + 1) / double(world.worst))));
  };
  for (int32_t a = 0; a < world.points; ++a) {
    best = std::min(best, real_cost(world, {{a, float(1 - gap_for(a, alpha))}}));
    for (int32_t b = a + 1; b < world.points; ++b)
      for (int i = 1; i < 200; ++i) {
        const PlannedExit first{a, float(i) / 200};
        const double rest = alpha - real_risk(world, {first});
        if (rest >= 0) best = std::min(best, real_cost(world, {first, {b, float(1 - gap_for(b, rest / double(first.threshold)))}}));
      }
  }
  return best;
}

struct Tally {
  int violations = 0, certified = 0;
  double saving = 0, best_saving = 0;  // percent of the backbone's cost, means
};
Tally simulate(int repeats, int64_t select_rows, int64_t certify_rows, const CertificateOptions& options, uint64_t seed) {
  Tally tally;
  Rng rng(seed);
  for (int i = 0; i < repeats; ++i) {
    const World world{1 + int(rng.below(4)), 0.1f + 0.5f * rng.uniform()};
    const Outcomes select = draw(world, select_rows, rng), rows = draw(world, certify_rows, rng);
    const auto found = search_exits(select, {.max_exits = 2, .levels = 64});
    REQUIRE(found.ok());
    const int64_t guide = certificate_guide(select, found->front, certify_rows, options);
    REQUIRE(guide >= 0);
    const std::vector<Plan> walk = certificate_walk(select, found->front[size_t(guide)], true);
    const auto tested = certify(rows, walk, options);
    REQUIRE(tested.ok());
    const std::vector<PlannedExit> chosen =
        tested->certificate ? walk[size_t(tested->certificate->plan)].exits : std::vector<PlannedExit>{};
    tally.certified += tested->certificate.has_value();
    tally.violations += real_risk(world, chosen) > options.alpha;
    tally.saving += (100 - real_cost(world, chosen)) / repeats;
    tally.best_saving += (100 - best_cost(world, options.alpha)) / repeats;
  }
  return tally;
}

TEST_CASE("certificate: plans above the promised risk are certified in at most delta of 2,000 repeats") {
  constexpr int kRepeats = 2000;
  struct Case {
    int64_t rows;
    double alpha, delta;
  };
  for (const Case& c : {Case{300, 0.01, 0.05}, Case{600, 0.01, 0.05}, Case{300, 0.01, 0.2}, Case{250, 0.02, 0.1}}) {
    const Tally tally = simulate(kRepeats, 400, c.rows, {.alpha = c.alpha, .delta = c.delta}, uint64_t(c.rows));
    CAPTURE(c.rows);
    CAPTURE(c.delta);
    // Three deviations of a binomial above the promise; and close enough to it that the test would see a broken one.
    CHECK(tally.violations <= kRepeats * c.delta + 3 * std::sqrt(kRepeats * c.delta * (1 - c.delta)));
    CHECK(tally.violations > kRepeats * c.delta / 10);
    CHECK(tally.certified > 0.95 * kRepeats);
  }
}

TEST_CASE("certificate: what is certified saves nearly what could be saved") {
  struct Case {
    int64_t rows;
    double least;  // of the saving that knowing every real risk would give
  };
  for (const Case& c : {Case{600, 0.58}, Case{1000, 0.7}, Case{2000, 0.8}, Case{5000, 0.86}}) {
    const Tally tally = simulate(200, 1000, c.rows, {.alpha = 0.01, .delta = 0.05}, 9);
    CAPTURE(c.rows);
    CHECK(tally.saving > c.least * tally.best_saving);
  }
}

}  // namespace
}  // namespace offramp
