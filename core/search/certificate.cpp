// Only sums, products and quotients decide, in a fixed order, so that a certificate is the same on every host.
#include "search/certificate.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/math.h"

namespace offramp {
namespace {

constexpr double kE = 2.718281828459045235;
constexpr double kLeast = 0.0001, kMost = 0.5;
constexpr int kWalkParts = 64;  // plans to either side of the guide
constexpr float kNever = 2;     // a threshold that no score reaches

Status validate(const Outcomes& outcomes, std::span<const Plan> plans, const CertificateOptions& options) {
  const auto in_range = [](double v) { return v >= kLeast && v <= kMost; };
  if (!in_range(options.alpha))
    return invalid_argument("the risk to certify must be a share from 0.0001 to 0.5, got " + std::to_string(options.alpha));
  if (!in_range(options.delta))
    return invalid_argument("1 - confidence must be a share from 0.0001 to 0.5, got " + std::to_string(options.delta));
  const size_t rows = outcomes.labels.size();
  if (rows == 0) return invalid_argument("no rows to certify on");
  if (outcomes.base_predictions.size() != rows)
    return invalid_argument("expected " + std::to_string(rows) + " predictions of the backbone, got " +
                            std::to_string(outcomes.base_predictions.size()));
  for (const Plan& plan : plans)
    for (const PlannedExit& exit : plan.exits) {
      const auto index = size_t(exit.candidate);
      if (index >= outcomes.candidates.size())
        return invalid_argument("a plan uses candidate " + std::to_string(exit.candidate) + " of " +
                                std::to_string(outcomes.candidates.size()));
      const ExitCandidate& c = outcomes.candidates[index];
      if (c.scores.size() != rows || c.predictions.size() != rows)
        return invalid_argument("candidate " + std::to_string(index) + ": expected " + std::to_string(rows) +
                                " scores and predictions, got " + std::to_string(c.scores.size()) + " and " +
                                std::to_string(c.predictions.size()));
    }
  return {};
}

}  // namespace

std::string_view to_string(Loss loss) { return loss == Loss::kHarm ? "harm" : "disagreement"; }

int64_t count_losses(const Outcomes& outcomes, const std::vector<PlannedExit>& exits, Loss loss) {
  int64_t losses = 0;
  for (size_t row = 0; row < outcomes.labels.size(); ++row) {
    const int32_t base = outcomes.base_predictions[row];
    for (const PlannedExit& exit : exits) {
      const ExitCandidate& candidate = outcomes.candidates[size_t(exit.candidate)];
      if (!(candidate.scores[row] >= exit.threshold)) continue;
      const bool differs = candidate.predictions[row] != base;
      losses += differs && (loss == Loss::kDisagreement || base == outcomes.labels[row]);
      break;
    }
  }
  return losses;
}

// Terms relative to the largest, from it outwards: nothing overflows, and what underflows does not count.
double binomial_cdf(int64_t successes, int64_t rows, double p) {
  OFFRAMP_CHECK(p > 0 && p < 1 && rows >= 0);
  if (successes < 0) return 0;
  if (successes >= rows) return 1;
  const double odds = p / (1 - p);
  const auto mode = std::min(rows, int64_t(double(rows + 1) * p));
  double below = 0, above = 0;  // at most `successes`, and more
  const auto add = [&](int64_t i, double term) { (i <= successes ? below : above) += term; };
  double term = 1;
  add(mode, term);
  for (int64_t i = mode; i > 0 && term > 0; --i) add(i - 1, term *= double(i) / (double(rows - i + 1) * odds));
  term = 1;
  for (int64_t i = mode; i < rows && term > 0; ++i) add(i + 1, term *= double(rows - i) * odds / double(i + 1));
  return below / (below + above);
}

double hoeffding_bentkus_p_value(double mean_loss, int64_t rows, double alpha) {
  OFFRAMP_CHECK(mean_loss >= 0 && mean_loss <= 1 && rows >= 0 && alpha > 0 && alpha < 1);
  if (mean_loss >= alpha || rows == 0) return 1;
  const double n = double(rows);
  double divergence = (1 - mean_loss) * log_exact64((1 - mean_loss) / (1 - alpha));
  if (mean_loss > 0) divergence += mean_loss * log_exact64(mean_loss / alpha);
  // Rounding may not help a plan pass, nor lift a whole number of losses to the next.
  const double hoeffding = exp_exact64(-n * std::max(divergence - 1e-14, 0.0)) * (1 + 1e-12);
  const double total = n * mean_loss;
  const double bentkus = kE * binomial_cdf(int64_t(std::ceil(total - 1e-9 * std::max(total, 1.0))), rows, alpha);
  return std::min({1.0, hoeffding, bentkus});
}

int64_t certificate_rows_needed(double alpha, double delta) {
  OFFRAMP_CHECK(alpha > 0 && alpha < 1 && delta > 0 && delta < 1);
  constexpr int kMostBits = 53;
  double powers[kMostBits];  // (1 - alpha)^(2^i)
  powers[0] = 1 - alpha;
  for (int i = 1; i < kMostBits; ++i) powers[i] = powers[i - 1] * powers[i - 1];
  double reached = 1;
  int64_t most_failing = 0;  // the largest n whose power is above delta
  for (int i = kMostBits - 1; i >= 0; --i)
    if (reached * powers[i] > delta) {
      reached *= powers[i];
      most_failing += int64_t{1} << i;
    }
  return most_failing + 1;
}

std::vector<Plan> certificate_walk(const Outcomes& searched, const Plan& guide, bool beyond) {
  std::vector<Plan> walk;
  if (guide.exits.empty()) return walk;
  std::vector<std::vector<float>> sorted;  // by exit, scores falling
  std::vector<size_t> leave;               // by exit, how many reach the guide's threshold
  for (const PlannedExit& exit : guide.exits) {
    std::vector<float> scores = searched.candidates[size_t(exit.candidate)].scores;
    std::sort(scores.begin(), scores.end(), std::greater<>());
    const auto leaves = [&](float score) { return score >= exit.threshold; };
    leave.push_back(size_t(std::partition_point(scores.begin(), scores.end(), leaves) - scores.begin()));
    sorted.push_back(std::move(scores));
  }
  const auto add = [&](const std::vector<PlannedExit>& exits) {
    if (std::all_of(exits.begin(), exits.end(), [](const PlannedExit& e) { return e.threshold == kNever; })) return;
    const auto same = [](const PlannedExit& a, const PlannedExit& b) { return a.threshold == b.threshold; };
    if (walk.empty() || !std::equal(exits.begin(), exits.end(), walk.back().exits.begin(), same))
      walk.push_back({exits, evaluate_plan(searched, exits)});
  };
  std::vector<PlannedExit> exits = guide.exits;
  for (int part = 1; part < kWalkParts; ++part) {
    for (size_t e = 0; e < exits.size(); ++e) {
      const size_t count = leave[e] * size_t(part) / kWalkParts;
      exits[e].threshold = count > 0 ? std::max(sorted[e][count - 1], guide.exits[e].threshold) : kNever;
    }
    add(exits);
  }
  add(guide.exits);
  for (int part = 1; beyond && part <= kWalkParts; ++part) {
    for (size_t e = 0; e < exits.size(); ++e) {
      const size_t stay = sorted[e].size() - leave[e], count = leave[e] + stay * size_t(part) / kWalkParts;
      exits[e].threshold = part == kWalkParts ? 0.0f : std::min(count > 0 ? sorted[e][count - 1] : kNever, guide.exits[e].threshold);
    }
    add(exits);
  }
  return walk;
}

int64_t certificate_guide(const Outcomes& searched, std::span<const Plan> front, int64_t certify_rows, const CertificateOptions& options) {
  int64_t most = -1;  // losses that pass
  while (most + 1 < certify_rows && binomial_p_value(most + 1, certify_rows, options.alpha) <= options.delta) ++most;
  const double limit = double(most) / double(std::max<int64_t>(certify_rows, 1));
  int64_t candidates = 0;
  for (const ExitCandidate& c : searched.candidates) candidates += !c.paper;
  const double choices = independent_choices(candidates);

  int64_t guide = -1, safest = -1;
  double safest_loss = 0;
  for (size_t i = 0; i < front.size(); ++i) {
    const Plan& plan = front[i];
    if (plan.exits.empty()) continue;
    const double loss = double(count_losses(searched, plan.exits, options.loss)) / double(searched.rows());
    if (safest < 0 || loss < safest_loss) safest = int64_t(i), safest_loss = loss;
    const double expected = loss + search_allowance(int(plan.exits.size()), choices, searched.rows(), loss);
    if (expected <= limit && (guide < 0 || plan.figures.mean_cost < front[size_t(guide)].figures.mean_cost)) guide = int64_t(i);
  }
  return guide >= 0 ? guide : safest;
}

Result<CertificateResult> certify(const Outcomes& certify_rows, std::span<const Plan> plans, const CertificateOptions& options) {
  OFFRAMP_RETURN_IF_ERROR(validate(certify_rows, plans, options));
  CertificateResult result;
  result.rows = certify_rows.rows();
  result.rows_needed = certificate_rows_needed(options.alpha, options.delta);
  for (size_t i = 0; i < plans.size(); ++i) {
    if (plans[i].exits.empty()) continue;
    Certificate tested{options, int64_t(i), result.rows, count_losses(certify_rows, plans[i].exits, options.loss)};
    tested.risk = double(tested.losses) / double(tested.rows);
    tested.p_value = binomial_p_value(tested.losses, tested.rows, options.alpha);
    ++result.plans_tested;
    if (!(tested.p_value <= options.delta)) {
      result.failed = tested;
      break;
    }
    result.certificate = tested;
  }
  return result;
}

Result<CertifiedPlan> certify_plan(const Outcomes& searched, const SearchResult& found, const Outcomes& certify_rows,
                                   const CertificateOptions& options, bool bounded) {
  Plan guide = found.chosen;
  if (!bounded) {
    const int64_t best = certificate_guide(searched, found.front, certify_rows.rows(), options);
    guide = best >= 0 ? found.front[size_t(best)] : Plan{};
  }
  std::vector<Plan> walk = certificate_walk(searched, guide, !bounded);
  CertifiedPlan result;
  OFFRAMP_TRY(result.test, certify(certify_rows, walk, options));
  if (result.test.certificate) {
    result.plan = std::move(walk[size_t(result.test.certificate->plan)]);
    std::erase_if(result.plan.exits, [](const PlannedExit& e) { return e.threshold == kNever; });
    result.plan.figures = evaluate_plan(searched, result.plan.exits);
  } else if (result.test.rows < result.test.rows_needed) {
    result.plan = found.chosen;
  } else {
    result.plan.figures = evaluate_plan(searched, {});
  }
  return result;
}

}  // namespace offramp
