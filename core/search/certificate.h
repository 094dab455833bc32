// A statistical promise about a plan: on samples like the certify rows, its risk is at most alpha, with confidence
// 1 - delta. Learn-then-Test: plans stand in an order that was fixed without the certify rows, from safe to aggressive,
// and are tested in that order until one fails; the last that passed keeps the promise, however many were tested.
// Source: Angelopoulos et al. 2021, "Learn then Test", sections 2 and 3.1 (fixed sequence testing).
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "search/search.h"

namespace offramp {

// What counts against a plan on a row; its risk is the share of such rows. Harm bounds the loss of accuracy.
enum class Loss {
  kHarm,          // the backbone is right and the plan's answer wrong
  kDisagreement,  // the plan's answer is not the backbone's
};
std::string_view to_string(Loss loss);  // "harm", "disagreement"

struct CertificateOptions {
  double alpha = 0.01;  // the risk promised, 0.0001 to 0.5
  double delta = 0.05;  // 1 - confidence, 0.0001 to 0.5
  Loss loss = Loss::kHarm;
};

struct Certificate {
  CertificateOptions promise;
  int64_t plan = 0;  // index into the plans tested
  int64_t rows = 0, losses = 0;
  double risk = 0;     // observed, losses / rows
  double p_value = 0;  // of "the plan's risk is above alpha"
};

struct CertificateResult {
  std::optional<Certificate> certificate;  // none: no plan with an exit passed
  int64_t rows = 0;
  int64_t rows_needed = 0;            // see certificate_rows_needed
  int64_t plans_tested = 0;           // the one that failed included
  std::optional<Certificate> failed;  // the plan that ended the walk, if one did
};

// Tests `plans` in their order on rows that nothing was chosen on. Plans without an exit are passed over: they are the
// backbone, whose risk is none.
// Assumes that these rows and later samples are independent draws from one source.
// Errors: kInvalidArgument for alpha or delta out of range, no rows, or candidates without scores for each row.
Result<CertificateResult> certify(const Outcomes& certify_rows, std::span<const Plan> plans, const CertificateOptions& options);

// The plans to test around `guide`, in order, from the rows it was found on. First safer forms of it: at each exit only
// the surest part of the rows that leave there does, a growing part, up to the guide itself. If `beyond`, then bolder
// forms: of the rows that stay, a growing part leaves too. Exits and heads stay, thresholds only fall: which rows leave
// early is nested, so an error that one plan makes the next ones mostly make too, and the walk rarely stops before its time. A walk
// along the Pareto front itself, where neighbours differ in exits and each was the luckiest of its kind, does.
// Empty for a guide without exits.
std::vector<Plan> certificate_walk(const Outcomes& searched, const Plan& guide, bool beyond);

// The plan of a front to walk around, if certification alone shall decide: the cheapest whose loss on the rows searched, with the
// search's allowance, is one that `certify_rows` could certify; if none is, the safest with an exit. Index into the front, -1 if no
// plan has an exit.
int64_t certificate_guide(const Outcomes& searched, std::span<const Plan> front, int64_t certify_rows, const CertificateOptions& options);

// The plan to package, and how its test went.
struct CertifiedPlan {
  Plan plan;  // its figures are on the rows searched
  CertificateResult test;
};
// Walks around the search's chosen plan if a rule of the user's own bounds it (`bounded`: no further than that plan), else around
// certificate_guide, and keeps the last plan that passed. If none passed, the backbone itself; but if there are too few rows for any
// to pass, the search's chosen plan, as if no certificate had been asked for.
// Errors: as certify.
Result<CertifiedPlan> certify_plan(const Outcomes& searched, const SearchResult& found, const Outcomes& certify_rows,
                                   const CertificateOptions& options, bool bounded);

// Rows on which a plan loses.
int64_t count_losses(const Outcomes& outcomes, const std::vector<PlannedExit>& exits, Loss loss);

// The fewest rows that can certify alpha at delta, should no row be lost: least n with (1 - alpha)^n <= delta.
// 299 for alpha 1 %, delta 5 %.
int64_t certificate_rows_needed(double alpha, double delta);

// P(Binomial(rows, p) <= successes), relative error below 1e-10; what is below 1e-300 may be 0.
// Precondition: 0 < p < 1, rows >= 0.
double binomial_cdf(int64_t successes, int64_t rows, double p);

// P-values of "the mean loss is above alpha". Both are valid at any number of rows.
// For losses of 0 or 1: exact.
inline double binomial_p_value(int64_t losses, int64_t rows, double alpha) { return binomial_cdf(losses, rows, alpha); }
// For losses in [0, 1]: the lesser of Hoeffding's and Bentkus' bounds.
// Source: Bates et al. 2021, "Distribution-free, risk-controlling prediction sets", theorem 5.
double hoeffding_bentkus_p_value(double mean_loss, int64_t rows, double alpha);

}  // namespace offramp
