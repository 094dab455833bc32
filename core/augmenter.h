// The Augmenter's state, shared by its steps (augmenter.cpp) and what it tells (augment_result.cpp).
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "analysis/costs.h"
#include "analysis/exit_points.h"
#include "augment_options.h"
#include "features/features.h"
#include "offramp.h"
#include "search/paper_method.h"

namespace offramp {

// A head to train, and which uses it has.
struct HeadJob {
  int32_t exit_point = 0;
  HeadKind kind;
  bool ours = false;   // a candidate of our search
  bool paper = false;  // a candidate of the paper's method
  int64_t work = 0;    // relative training time, for progress: weights of the first layer
};

enum class Phase { kScreen, kTrain, kSearch, kEvaluate, kFinished };

struct Augmenter::State {
  Graph graph;
  AugmentOptions options;
  Costs costs;
  std::vector<ExitPoint> exit_points;
  std::unique_ptr<FeatureExtractor> extractor;
  std::array<FeatureTable, 3> tables;  // by Part
  std::array<std::set<int32_t>, 3> classes_seen;
  int32_t classes = 0;

  Phase phase = Phase::kScreen;
  bool started = false;
  int64_t done = 0, total = 0;  // of the phase

  // Screening: per exit point the best select accuracy of the closed-form heads, and their outcomes.
  std::vector<double> screen_accuracy;
  Outcomes screened;

  std::vector<HeadJob> jobs;
  std::unique_ptr<HeadTrainer> trainer;
  int64_t trainer_steps = 0, work_done = 0;
  std::vector<Head> heads;               // by job
  std::vector<double> head_accuracy;     // by job, on select rows

  Outcomes outcomes;       // on select rows, all candidates
  std::unique_ptr<ExitSearch> search;
  SearchResult found;
  PaperPlan paper;

  Outcomes test_outcomes;  // the same candidates; only those of `evaluated_heads` are filled
  std::vector<int32_t> evaluated_heads;

  const FeatureTable& train() const { return tables[0]; }
  const FeatureTable& select() const { return tables[1]; }
  const FeatureTable& test() const { return tables[2]; }
  const std::vector<PlannedExit>& packaged_exits() const {
    return options.paper_method ? paper.plan.exits : found.chosen.exits;
  }

  Status start();
  Status screen_next();
  Status train_next();
  Status search_next();
  void evaluate_next();
};

// The answers a plan gives on a table, by row, and the exit each row leaves by (the number of exits: the backbone).
struct Answers {
  std::vector<int32_t> predictions, exits;
};
Answers answer_rows(const Outcomes& outcomes, const std::vector<PlannedExit>& exits);

// Exit points worth the whole head family, at most `most`: those that the search would use if heads stayed as screened,
// then those that save most alone. Sorted.
Result<std::vector<int32_t>> choose_promising(const Outcomes& screened, int32_t exit_points, const SearchOptions& options, int most);

}  // namespace offramp
