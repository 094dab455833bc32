// P-values against sums in whole numbers of any size, and the procedure on tables worked out by hand.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/math.h"
#include "search/certificate.h"

namespace offramp {
namespace {

// A whole number, digits of nine decimals, least first.
class Big {
 public:
  explicit Big(uint64_t v) {
    for (; v; v /= kBase) digits_.push_back(v % kBase);
  }
  void add(const Big& other) {
    digits_.resize(std::max(digits_.size(), other.digits_.size()) + 1);
    uint64_t carry = 0;
    for (size_t i = 0; i < digits_.size(); ++i) {
      carry += digits_[i] + (i < other.digits_.size() ? other.digits_[i] : 0);
      digits_[i] = carry % kBase;
      carry /= kBase;
    }
    trim();
  }
  void multiply(uint64_t by) {
    uint64_t carry = 0;
    for (uint64_t& digit : digits_) {
      carry += digit * by;
      digit = carry % kBase;
      carry /= kBase;
    }
    for (; carry; carry /= kBase) digits_.push_back(carry % kBase);
  }
  void divide(uint64_t by) {  // which leaves no rest
    uint64_t rest = 0;
    for (size_t i = digits_.size(); i-- > 0;) {
      rest = rest * kBase + digits_[i];
      digits_[i] = rest / by;
      rest %= by;
    }
    REQUIRE(rest == 0);
    trim();
  }
  // This over a larger one, from the leading 27 decimals of each.
  double over(const Big& other) const {
    return std::pow(double(kBase), double(digits_.size()) - double(other.digits_.size())) * lead() / other.lead();
  }

 private:
  static constexpr uint64_t kBase = 1'000'000'000;
  std::vector<uint64_t> digits_;
  void trim() {
    while (!digits_.empty() && digits_.back() == 0) digits_.pop_back();
  }
  double lead() const {
    double value = 0, scale = 1;
    for (size_t i = digits_.size(), taken = 0; i-- > 0 && taken < 3; ++taken, scale /= double(kBase))
      value += double(digits_[i]) * scale;
    return value;
  }
};

// P(Binomial(rows, a / b) <= successes) as a quotient of whole numbers.
double exact_cdf(int64_t successes, int64_t rows, uint64_t a, uint64_t b) {
  Big term(1), sum(0), all(1);
  for (int64_t i = 0; i < rows; ++i) term.multiply(b - a), all.multiply(b);
  for (int64_t i = 0; i <= std::min(successes, rows); ++i) {
    sum.add(term);
    if (i == rows) break;
    term.multiply(uint64_t(rows - i) * a);
    term.divide(uint64_t(i + 1) * (b - a));
  }
  return sum.over(all);
}

TEST_CASE("certificate: binomial tails equal exact rational sums") {
  struct Case {
    int64_t rows;
    uint64_t a, b;
  };
  for (const Case& c : {Case{1, 1, 2}, Case{10, 1, 10}, Case{299, 1, 100}, Case{500, 1, 200}, Case{700, 3, 10},
                        Case{2000, 1, 100}, Case{1500, 1, 2}})
    for (int64_t k : {int64_t{0}, int64_t{1}, int64_t{3}, c.rows / 100, c.rows / 20, c.rows / 4, c.rows / 2, c.rows - 1}) {
      const double exact = exact_cdf(k, c.rows, c.a, c.b);
      CAPTURE(c.rows);
      CAPTURE(c.b);
      CAPTURE(k);
      if (exact > 1e-290)
        CHECK(binomial_cdf(k, c.rows, double(c.a) / double(c.b)) == doctest::Approx(exact).epsilon(1e-10));
      else
        CHECK(binomial_cdf(k, c.rows, double(c.a) / double(c.b)) < 1e-289);
    }
  CHECK(binomial_cdf(-1, 10, 0.5) == 0);
  CHECK(binomial_cdf(10, 10, 0.5) == 1);
  CHECK(binomial_cdf(0, 0, 0.5) == 1);
  // Far more rows than a power of 1 - p could hold: the median of a binomial with a whole mean.
  CHECK(binomial_cdf(999, 200000, 0.005) < 0.5);
  CHECK(binomial_cdf(1000, 200000, 0.005) > 0.5);
  CHECK(binomial_cdf(1000, 200000, 0.005) < 0.52);
}

// The bound's definition, with the C library's log.
double reference_hb(int64_t losses, int64_t rows, uint64_t a, uint64_t b) {
  const double risk = double(losses) / double(rows), alpha = double(a) / double(b);
  if (risk >= alpha) return 1;
  const double h = (risk > 0 ? risk * std::log(risk / alpha) : 0) + (1 - risk) * std::log((1 - risk) / (1 - alpha));
  return std::min({1.0, std::exp(-double(rows) * h), std::exp(1.0) * exact_cdf(losses, rows, a, b)});
}

TEST_CASE("certificate: Hoeffding-Bentkus by its definition, and never below the exact value") {
  for (int64_t rows : {1, 50, 299, 624, 2000})
    for (uint64_t b : {20, 100, 200})
      for (int64_t losses : {0, 1, 2, 5, 9, 19}) {
        if (losses > rows) continue;
        CAPTURE(rows);
        CAPTURE(b);
        CAPTURE(losses);
        const double got = hoeffding_bentkus_p_value(double(losses) / double(rows), rows, 1.0 / double(b));
        CHECK(got == doctest::Approx(reference_hb(losses, rows, 1, b)).epsilon(1e-8));
        CHECK(got >= binomial_p_value(losses, rows, 1.0 / double(b)));
      }
  // Losses between 0 and 1 count up to the next whole one in Bentkus' bound.
  CHECK(hoeffding_bentkus_p_value(0.0055, 1000, 0.02) <= hoeffding_bentkus_p_value(0.006, 1000, 0.02));
  CHECK(hoeffding_bentkus_p_value(0.0055, 1000, 0.02) >= hoeffding_bentkus_p_value(0.005, 1000, 0.02));
  CHECK(hoeffding_bentkus_p_value(0.02, 1000, 0.02) == 1);
  CHECK(hoeffding_bentkus_p_value(0, 0, 0.02) == 1);
}

TEST_CASE("math: exp and log of doubles stay near the C library's") {
  for (double x = 1e-12; x < 1e12; x *= 1.37) {
    CHECK(log_exact64(x) == doctest::Approx(std::log(x)).epsilon(1e-14));
    const double y = std::fmod(x, 1400) - 700;
    CHECK(exp_exact64(y) == doctest::Approx(std::exp(y)).epsilon(1e-13));
  }
  for (double x : {1e-9, 1e-5, 0.01, 0.3}) CHECK(std::fabs(log_exact64(1 - x) - std::log1p(-x)) < 1e-15);
  CHECK(exp_exact64(-1e9) == exp_exact64(-700));
  CHECK(exp_exact64(std::nan("")) == exp_exact64(-700));
}

TEST_CASE("certificate: the rows needed without any loss") {
  CHECK(certificate_rows_needed(0.01, 0.05) == 299);
  CHECK(certificate_rows_needed(0.02, 0.05) == 149);
  CHECK(certificate_rows_needed(0.005, 0.05) == 598);
  CHECK(certificate_rows_needed(0.01, 0.1) == 230);
  CHECK(certificate_rows_needed(0.5, 0.5) == 1);
  for (double alpha : {0.0001, 0.003, 0.01, 0.25})
    for (double delta : {0.0001, 0.05, 0.3}) {
      const int64_t n = certificate_rows_needed(alpha, delta);
      CHECK(binomial_p_value(0, n, alpha) <= delta);
      CHECK((n == 1 || binomial_p_value(0, n - 1, alpha) > delta));
    }
}

// One exit whose scores fall from row to row, and the rows where it is wrong; the backbone is right but for its last row.
Outcomes falling_scores(int32_t rows, const std::vector<int32_t>& wrong) {
  Outcomes o;
  o.classes = 2;
  o.base_cost = 100;
  o.labels.assign(size_t(rows), 0);
  o.base_predictions.assign(size_t(rows), 0);
  o.base_predictions.back() = 1;
  ExitCandidate c;
  c.backbone_cost = 20;
  for (int32_t r = 0; r < rows; ++r) c.scores.push_back(1 - float(r) / float(rows));
  c.predictions.assign(size_t(rows), 0);
  for (int32_t r : wrong) c.predictions[size_t(r)] = 1;
  o.candidates = {c};
  return o;
}

std::vector<Plan> plans_at(const Outcomes& o, const std::vector<float>& thresholds) {
  std::vector<Plan> plans = {{{}, evaluate_plan(o, {})}};
  for (float t : thresholds) plans.push_back({{{0, t}}, evaluate_plan(o, {{0, t}})});
  return plans;
}

TEST_CASE("certificate: stops at the first plan that fails and keeps the one before") {
  // 1 loss of 500 at 1 % has a p-value of 0.0398, 2 have 0.123.
  const Outcomes o = falling_scores(500, {200, 300, 499});
  const std::vector<Plan> plans = plans_at(o, {0.9f, 0.5f, 0.3f, 0.95f});
  const auto tested = certify(o, plans, {});
  REQUIRE(tested.ok());
  REQUIRE(tested->certificate.has_value());
  CHECK(tested->certificate->plan == 2);
  CHECK(tested->certificate->losses == 1);
  CHECK(tested->certificate->risk == 1.0 / 500);
  CHECK(tested->certificate->p_value == doctest::Approx(exact_cdf(1, 500, 1, 100)).epsilon(1e-10));
  CHECK(tested->plans_tested == 3);
  REQUIRE(tested->failed.has_value());
  CHECK(tested->failed->plan == 3);
  CHECK(tested->failed->losses == 2);
  CHECK(tested->rows == 500);
  CHECK(tested->rows_needed == 299);
}

TEST_CASE("certificate: disagreement counts lucky corrections too, harm does not") {
  const Outcomes o = falling_scores(500, {200});
  const std::vector<PlannedExit> always = {{0, 0.0f}};
  CHECK(count_losses(o, always, Loss::kHarm) == 1);
  CHECK(count_losses(o, always, Loss::kDisagreement) == 2);
  const std::vector<Plan> plans = {{always, evaluate_plan(o, always)}};
  CHECK(certify(o, plans, {})->certificate.has_value());
  CHECK_FALSE(certify(o, plans, {.loss = Loss::kDisagreement})->certificate.has_value());
  CHECK(to_string(Loss::kHarm) == "harm");
  CHECK(to_string(Loss::kDisagreement) == "disagreement");
}

TEST_CASE("certificate: too few rows give none, and say how many would do") {
  for (int32_t rows : {3, 298, 299}) {
    const Outcomes o = falling_scores(rows, {});
    const auto tested = certify(o, plans_at(o, {0.5f}), {});
    REQUIRE(tested.ok());
    CHECK(tested->certificate.has_value() == (rows == 299));
    CHECK(tested->rows_needed == 299);
    CHECK(tested->plans_tested == 1);
  }
  const Outcomes o = falling_scores(500, {});
  const auto nothing = certify(o, plans_at(o, {}), {});
  REQUIRE(nothing.ok());
  CHECK_FALSE(nothing->certificate.has_value());
  CHECK_FALSE(nothing->failed.has_value());
  CHECK(nothing->plans_tested == 0);
}

TEST_CASE("certificate: the walk keeps the exits, lets ever more rows leave, and passes through its guide") {
  Outcomes o = falling_scores(200, {150, 160, 199});
  o.candidates.push_back(o.candidates[0]);
  o.candidates[1].exit_point = 1;
  std::reverse(o.candidates[1].scores.begin(), o.candidates[1].scores.end());
  const std::vector<PlannedExit> exits = {{0, 0.6f}, {1, 0.55f}};
  const Plan guide{exits, evaluate_plan(o, exits)};
  for (bool beyond : {false, true}) {
    const std::vector<Plan> walk = certificate_walk(o, guide, beyond);
    CHECK(walk.size() == (beyond ? 128 : 64));
    int at_guide = 0;
    double early = 0;
    for (size_t i = 0; i < walk.size(); ++i) {
      const Plan& plan = walk[i];
      REQUIRE(plan.exits.size() == 2);
      for (size_t e = 0; e < 2; ++e) {
        CHECK(plan.exits[e].candidate == int32_t(e));
        if (i > 0) CHECK(plan.exits[e].threshold <= walk[i - 1].exits[e].threshold);
      }
      at_guide += plan.exits[0].threshold == 0.6f && plan.exits[1].threshold == 0.55f;
      CHECK(1 - plan.figures.exit_rates[2] >= early);
      early = 1 - plan.figures.exit_rates[2];
    }
    CHECK(at_guide == 1);
    CHECK(walk.front().figures.exit_rates[0] <= 0.01);
    CHECK(walk.back().exits[0].threshold == (beyond ? 0.0f : 0.6f));
  }
  CHECK(certificate_walk(o, {}, true).empty());

  // Equal scores leave together: the surest part of them is all of them.
  for (auto& c : o.candidates) c.scores.assign(200, 0.7f);
  const std::vector<Plan> flat = certificate_walk(o, guide, true);
  CHECK(flat.size() <= 3);
  CHECK(flat.back().exits[0].threshold == 0);
}

TEST_CASE("certificate: the guide is the cheapest plan that could pass") {
  const Outcomes o = falling_scores(1000, {600, 700, 800, 801, 802, 803, 804, 805, 806, 807, 808, 809, 810, 900});
  const std::vector<Plan> front = plans_at(o, {0.5f, 0.35f, 0.25f, 0.15f});
  // Losses 0, 1, 2, 13 of 1,000; with the allowance of one candidate 0.4, 1.8, 3.1, 15.4. At 1 % and 5 %, 1,000 certify
  // rows forgive 4 losses, 700 forgive 2.
  CHECK(certificate_guide(o, front, 1000, {}) == 3);
  CHECK(certificate_guide(o, front, 700, {}) == 2);
  CHECK(certificate_guide(o, front, 1000, {.alpha = 0.05}) == 4);
  CHECK(certificate_guide(o, front, 10, {}) == 1);  // none could: the safest
  CHECK(certificate_guide(o, plans_at(o, {}), 1000, {}) == -1);
}

TEST_CASE("certificate: the plan to package is the certified one, within the rule's own if there is one") {
  const Outcomes searched = falling_scores(1000, {600, 700, 900});
  SearchResult found;
  found.front = plans_at(searched, {0.5f, 0.35f, 0.0f});
  found.chosen = found.front[1];
  // On the certify rows nothing goes wrong before the score 0.2.
  const Outcomes rows = falling_scores(1000, {801, 802, 803, 804, 805, 806, 807, 808, 809, 810, 811, 812});
  const auto free = certify_plan(searched, found, rows, {}, false);
  REQUIRE(free.ok());
  REQUIRE(free->test.certificate.has_value());
  CHECK(free->test.certificate->losses <= 4);
  CHECK(free->plan.exits[0].threshold < 0.35f);
  CHECK(free->plan.exits[0].threshold > 0.19f);
  const auto bounded = certify_plan(searched, found, rows, {}, true);
  REQUIRE(bounded.ok());
  CHECK(bounded->plan.exits[0].threshold == 0.5f);
  CHECK(bounded->plan.figures.mean_cost == found.chosen.figures.mean_cost);
  CHECK(bounded->test.certificate->losses == 0);

  // Too few rows: the search's plan stays, without a certificate.
  const auto few = certify_plan(searched, found, falling_scores(298, {}), {}, true);
  REQUIRE(few.ok());
  CHECK_FALSE(few->test.certificate.has_value());
  CHECK(few->plan.exits.size() == 1);
  // Enough rows, and they speak against every plan: the backbone.
  std::vector<int32_t> all_wrong;
  for (int32_t r = 0; r < 500; ++r) all_wrong.push_back(r);
  const auto bad = certify_plan(searched, found, falling_scores(500, all_wrong), {}, false);
  REQUIRE(bad.ok());
  CHECK_FALSE(bad->test.certificate.has_value());
  CHECK(bad->plan.exits.empty());
  CHECK(bad->plan.figures.mean_cost == 100);
  // A search that chose the backbone leaves nothing to test.
  found.chosen = found.front[0];
  const auto nothing = certify_plan(searched, found, rows, {}, true);
  REQUIRE(nothing.ok());
  CHECK(nothing->test.plans_tested == 0);
  CHECK(nothing->plan.exits.empty());
}

TEST_CASE("certificate: bad arguments are named") {
  const Outcomes o = falling_scores(10, {});
  const auto message = [&](const Outcomes& rows, std::vector<Plan> plans, CertificateOptions options) {
    const auto result = certify(rows, plans, options);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kInvalidArgument);
    return result.error().message;
  };
  CHECK(message(o, {}, {.alpha = 0}) == "the risk to certify must be a share from 0.0001 to 0.5, got 0.000000");
  CHECK(message(o, {}, {.alpha = std::nan("")}) == "the risk to certify must be a share from 0.0001 to 0.5, got nan");
  CHECK(message(o, {}, {.delta = 0.9}) == "1 - confidence must be a share from 0.0001 to 0.5, got 0.900000");
  CHECK(message(Outcomes{}, {}, {}) == "no rows to certify on");
  CHECK(message(o, {{{{1, 0.5f}}, {}}}, {}) == "a plan uses candidate 1 of 1");
  Outcomes short_scores = o;
  short_scores.candidates[0].scores.pop_back();
  CHECK(message(short_scores, {{{{0, 0.5f}}, {}}}, {}) == "candidate 0: expected 10 scores and predictions, got 9 and 10");
  short_scores.base_predictions.pop_back();
  CHECK(message(short_scores, {}, {}) == "expected 10 predictions of the backbone, got 9");
}

}  // namespace
}  // namespace offramp
