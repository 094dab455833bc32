// The Augmenter's state, shared by its steps: rows in (augmenter.cpp), or extracted elsewhere (augment_features.cpp), heads chosen
// (augment_heads.cpp) and trained (augment_training.cpp) on views of the rows (augment_views.cpp), plans (augment_plans.cpp), records to
// go on from (augment_row_records.cpp, augment_records.cpp), and what it tells (augment_result.cpp).
#pragma once
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "analysis/costs.h"
#include "analysis/exit_points.h"
#include "augment_options.h"
#include "base/archive.h"
#include "base/sha256.h"
#include "features/features.h"
#include "features/views.h"
#include "heads/family_trainer.h"
#include "search/joint_search.h"
#include "offramp.h"
#include "search/paper_method.h"

namespace offramp {

// Raw samples as the host handed them in, of any numeric type.
class RawRows {
 public:
  // Errors: kInvalidArgument if samples differ from earlier ones in type or shape.
  Status append(const Tensor& rows);
  Tensor gather(std::span<const int32_t> rows) const;
  // Of type, shape and all bytes so far, however they were divided.
  std::string hash() const;

 private:
  DType dtype_ = DType::kF32;
  Dims sample_;
  std::vector<std::byte> bytes_;
  Sha256 hash_;
};

// Cross-fitting: so many fits of a head, each without an equal share of the rows, beside the one that is packaged.
inline constexpr int kFits = 5;
// The fifth of the rows that a fit is trained without, and answers for.
inline FoldMask graded_folds(int fit) { return 0b11u << (2 * fit); }
// A tenth of the rows tells when to stop, and is held out of training with those that the fit is graded on.
inline constexpr FoldMask kLastFold = 1u << (kFolds - 1);
inline FamilyJob fold_job(int32_t point, const HeadKind& kind, FoldMask graded, FoldMask stop) { return {point, kind, graded | stop, stop}; }

// The scores that each head of ours is offered to the search with.
inline constexpr std::array kOfferedScores = {Score::kMaxProbability, Score::kMargin, Score::kEntropy, Score::kGate};

// A place and a kind of head: what the search may choose.
struct HeadChoice {
  int32_t exit_point = 0;
  HeadKind kind;
};

// A trained head and what became of it.
struct TrainedHead {
  int32_t exit_point = 0;
  Head head;
  double select_accuracy = 0;
  bool paper = false;  // a candidate of the paper's method, else of ours
};

// A head on some rows, batch by batch: those whose fold is in the mask get their logits.
struct ScoringItem {
  int32_t exit_point = 0;
  const Head* head = nullptr;
  FoldMask folds = ~FoldMask{0};
  Tensor* logits = nullptr;  // [rows of the part, classes]
};

// kTrain: finalists on views; kTrainTable: those on stored features.
enum class Phase { kScreen, kQualify, kRank, kTrain, kTrainTable, kScore, kPaper, kSearch, kCertify, kEvaluate, kFinished };

struct ReceivedRows;  // augment_mapping.cpp

struct Augmenter::State {
  State();
  ~State();
  Graph graph;
  AugmentOptions options;
  std::string model_hash, options_hash;  // of the options that are the same from run to run
  Costs costs;
  std::vector<ExitPoint> exit_points;
  int64_t exit_points_left_out = 0;  // as their features would be too large
  std::unique_ptr<FeatureExtractor> extractor;
  std::array<FeatureTable, 4> tables;  // by Part
  std::array<RawRows, 4> raw;
  std::vector<int64_t> groups;         // of train rows; empty if none were given
  std::vector<uint8_t> folds;          // of train rows
  std::array<std::set<int32_t>, 4> classes_seen;
  int32_t classes = 0;
  // Without select rows, thresholds are chosen on the train rows, by heads that were trained without them.
  bool cross_fitted = false;
  bool epochs_given = false;

  Phase phase = Phase::kScreen;
  bool started = false;
  bool unreadable = false;  // a record to go on from was, halfway
  int64_t done = 0, total = 0;  // of the phase

  // Screening: per exit point the best accuracy of the closed-form heads, and their outcomes.
  std::vector<int32_t> fit_rows, grade_rows;  // of the train table; grading rows only if cross-fitted
  std::vector<double> screen_accuracy;
  Outcomes screened;

  ViewPolicy views;
  std::vector<HeadChoice> qualifying, finalists;  // of finalists, those trained on views come first, then those on the table
  int64_t viewed = 0;                    // how many finalists are trained on views
  std::vector<Head> qualified;           // by choice
  std::vector<double> qualified_accuracy;
  std::vector<Tensor> logits;            // by what is being scored; in the end by `evaluated`, on test rows
  std::unique_ptr<FamilyTrainer> trainer;
  std::unique_ptr<ViewSource> source;    // of the rows at work
  std::vector<int32_t> source_points;    // exit points that it gives
  std::vector<ScoringItem> scoring;
  std::vector<int32_t> scored_rows;
  size_t scoring_part = 0, scoring_at = 0;
  std::vector<Head> fold_heads;          // by finalist and fit; of each finalist the last is trained on nearly all rows

  std::vector<TrainedHead> heads;
  Outcomes outcomes;       // on select rows, all candidates
  std::unique_ptr<ExitSearch> search;
  SearchResult found;      // once certified, its chosen plan is the certified one
  bool picked = false;     // found.chosen is one of the front that the user took, whatever the limits say
  std::optional<CertificateResult> certificate;
  PaperPlan paper;

  // With targets only.
  std::vector<CutPoint> cut_points;
  std::vector<HeadMemory> head_memory;  // by candidate
  std::unique_ptr<JointSearch> joint;
  std::optional<Mapping> mapping, paper_mapping;  // of the chosen plan; none: no mapping of the paper's meets the limits
  std::unique_ptr<ReceivedRows> receiving;
  std::optional<Outcomes> received;     // test rows through compressed links; only the chosen plan's candidates are filled
  std::vector<size_t> received_exits;   // of the chosen plan, behind such a link
  bool encodings_refined = false;       // links' encodings were too coarse for the limit

  Outcomes test_outcomes;  // the same candidates; only those of `evaluated` are filled
  std::vector<int32_t> evaluated;        // numbers of heads

  const FeatureTable& train() const { return tables[0]; }
  const FeatureTable& select() const { return tables[cross_fitted ? 0 : 1]; }
  const FeatureTable& test() const { return tables[2]; }
  const FeatureTable& certify_rows() const { return tables[3]; }
  const Tensor& test_logits(int32_t head) const {
    return logits[size_t(std::find(evaluated.begin(), evaluated.end(), head) - evaluated.begin())];
  }
  const std::vector<PlannedExit>& packaged_exits() const {
    return options.paper_method ? paper.plan.exits : found.chosen.exits;
  }

  Status start();
  Progress progress() const;
  Dims point_shape(int32_t exit_point) const;  // as heads see it
  static std::string rows_frame(Part part);
  Status check_rows(Part part, std::span<const int32_t> labels, std::span<const int64_t> row_groups) const;
  Status keep_rows(Part part, const Tensor& raw_rows, std::span<const int32_t> labels, std::span<const int64_t> row_groups);
  // augment_features.cpp
  Status check_answer(size_t part, const Tensor& input, const Tensor& features, const Tensor& answers) const;
  // augment_row_records.cpp
  void archive_owners_of_rows(Archive& a, const Tensor& raw_rows, std::span<const int32_t> labels) const;
  void archive_features(Archive& a, FeatureTable& table, int64_t begin, int64_t rows) const;
  Status add_recorded(size_t part, const Tensor& raw_rows, std::span<const int32_t> labels, std::span<const uint8_t> record);
  // augment_records.cpp
  void archive_owners(Archive& a) const;
  // Refusals are told by the archive. Errors: of what is made anew.
  Status archive(Archive& a);
  Status begin_again(Phase at);
  void archive_screening(Archive& a, bool under_way);
  void archive_views(Archive& a);
  void archive_choices(Archive& a, std::vector<HeadChoice>& choices, size_t most);
  void archive_trained(Archive& a, std::vector<Head>& trained, std::span<const HeadChoice> choices, size_t fits);
  void archive_scoring(Archive& a);
  void archive_heads(Archive& a, bool all);
  // augment_heads.cpp
  Status screen_next();
  Status choose_qualifying(const std::vector<int32_t>& promising);
  TrainOptions brief_training() const;
  Status begin_qualify();
  Status begin_rank();
  Status finish_rank();
  // augment_views.cpp
  Status choose_views();
  // Prepares `source` to give what these heads read of a part's rows: augmented views for as many epochs of training, within
  // `macs` for extracting them, or the rows as they are.
  Status open_source(std::span<const HeadChoice> choices, size_t part, int epochs = 1, double macs = 0);
  int32_t position_in_source(int32_t exit_point) const;
  int64_t kept_budget() const;
  // augment_training.cpp
  Status begin_family(std::vector<FamilyJob> jobs, const TrainOptions& how, Phase next);
  Status train_next();
  Status begin_training();
  Status begin_table_training();
  std::span<const HeadChoice> viewed_finalists() const;
  int automatic_epochs() const;  // augmenter.cpp
  int affordable_epochs(std::span<const HeadChoice> choices, double macs, int most) const;
  std::vector<FamilyJob> finalist_jobs(std::span<const HeadChoice> choices) const;
  Status begin_score();
  Status collect_candidates();
  Status paper_next();
  void prepare_logits(size_t count, int64_t rows);
  Status begin_scoring(size_t part, std::vector<int32_t> rows, std::vector<ScoringItem> items);
  Status score_next();
  // augment_mapping.cpp
  Status begin_joint_search();
  Result<bool> joint_search_next();
  Result<bool> begin_receiving();
  void prepare_received();
  Result<bool> receive_next();
  Result<bool> finish_received_part();
  Result<Mapping> best_mapping(const std::vector<PlannedExit>& exits, const PlanFigures& figures) const;
  Status map_paper_plan();
  StageMapping stage_mapping(const std::vector<PlannedExit>& exits, const Mapping& placed) const;
  // Sets "mapping" and "mapped" of the plan P.
  void add_mapping(Json& plan, const std::vector<PlannedExit>& exits, const PlanFigures& figures, const std::optional<Mapping>& placed) const;
  // augment_plans.cpp
  Status begin_search();
  Status search_next();
  // Scores heads on a part's rows, as the next phase; `logits` are by `evaluated` then.
  Status begin_scoring_heads(const std::set<int32_t>& used, size_t part, Phase next);
  // Fills the candidates of the heads scored.
  void fill_scored(Outcomes& table) const;
  Status finish_certify();
  Status begin_evaluation();
  Status finish_evaluation();
  ExitCandidate candidate_of(int32_t head, Score score) const;
  void add_candidates(int32_t head, const Tensor& logits);
};

std::vector<int32_t> row_predictions(const Tensor& logits);
double accuracy_of(const std::vector<int32_t>& predictions, const std::vector<int32_t>& labels);
void fill_rows(ExitCandidate& candidate, const Tensor& logits, float temperature);
// Labels and the backbone's answers of some rows of a table (all of them if `rows` is empty), without candidates.
Outcomes empty_outcomes(const FeatureTable& table, double base_cost, int32_t classes, std::span<const int32_t> rows = {});

// The answers a plan gives on a table, by row, and the exit each row leaves by (the number of exits: the backbone).
struct Answers {
  std::vector<int32_t> predictions, exits;
};
Answers answer_rows(const Outcomes& outcomes, const std::vector<PlannedExit>& exits);

// Numbers of the candidates worth more work, at most `most`, best first: those that the search would use as things stand, then those of
// plans near the limit, then those that save most alone.
Result<std::vector<int32_t>> choose_promising(const Outcomes& screened, const SearchOptions& options, size_t most);

}  // namespace offramp
