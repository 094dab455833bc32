// Decision rules for streams: consecutive windows of one record look alike, so an answer may stand for those that follow it. They
// come on top of a plan: a row that the first exit is not sure of repeats the answer of its scene's first row, the
// reference, where the first exit sees no change since; else it goes on to later stages and begins a new scene.
// Source: Sponner et al. 2024, "Temporal Decisions" (arXiv 2403.07958): difference detection by the Euclidean distance between
// the first exit's outputs for the row and the reference, temporal patience by its class staying what it was. Ours: that a sure exit
// still answers for itself, that the limit on the fall of confidence is patience's threshold, and how thresholds are chosen.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "search/search.h"

namespace offramp {

enum class StreamRule {
  kDifference,  // no change: probabilities within a distance of the reference's, 0 to sqrt(2)
  kPatience,    // no change: the same class, and a score at most so far below the reference's, 0 to 1
};
std::string_view to_string(StreamRule rule);  // "difference", "patience"

struct StreamSetting {
  StreamRule rule = StreamRule::kDifference;
  float threshold = kNeverReuse;
  static constexpr float kNeverReuse = -1;
};

// What the rule remembers. Evaluation and runtime share it.
class Scene {
 public:
  // Whether the reference's answer stands for a row of which the first exit says this. Never without a reference.
  bool holds(const StreamSetting& setting, std::span<const float> probabilities, float score) const;
  void begin(std::span<const float> probabilities, float score, int32_t answer);
  void forget() { probabilities_.clear(); }  // a new record
  int32_t answer() const { return answer_; }

 private:
  std::vector<float> probabilities_;
  float score_ = 0;
  int32_t answer_ = -1;
};

// Rows in order of time, record after record.
struct StreamTable {
  Outcomes outcomes;            // the candidates of the plan
  std::vector<float> early;     // probabilities at the plan's first exit, [rows, classes]
  std::vector<uint8_t> starts;  // by row, whether a record begins
};

struct StreamFigures {
  PlanFigures plan;       // exit rates count rows that answer for themselves
  double reuse_rate = 0;  // rows that repeat their scene's answer, at the cost of the first exit
  // Standard deviation of harm, the larger of two: with scenes as independent draws, because their rows err together, and as records
  // show by how much they differ.
  double harm_deviation = 0;
};
// Runs a plan with a rule over a table. Precondition: at least one exit, sizes agree.
StreamFigures evaluate_stream(const StreamTable& table, const std::vector<PlannedExit>& exits, const StreamSetting& setting);

struct StreamChoice {
  Plan plan;  // one of those offered; its figures are without the rule
  StreamSetting setting;
  StreamFigures figures;
};
// The plan and threshold of least cost with harm + allowance <= max_harm on these rows; without the rule if no reuse pays.
// Equal costs: the first plan, the lower threshold. `plans` are what certificate_walk gives: the same exits, from safe to bold.
// The allowance is search_allowance's, of the rows whose count would have harm_deviation.
// Errors: kInvalidArgument for sizes that do not agree or plans without exits; kInfeasible if no plan keeps the limit.
Result<StreamChoice> choose_stream(const StreamTable& table, std::span<const Plan> plans, StreamRule rule, double max_harm);

}  // namespace offramp
