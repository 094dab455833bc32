// From a model and rows to a plan: screen every exit point, train heads at the promising ones, search, and look at test rows once.
#include "augmenter.h"

#include <algorithm>
#include <cmath>

#include "facade.h"
#include "features/layout.h"

namespace offramp {
namespace {

constexpr int64_t kMinRows = 20;
constexpr int64_t kRowVisits = 160'000;  // rows times epochs that a head is trained for by default
constexpr std::array<const char*, 3> kPartNames = {"train", "select", "test"};
constexpr std::array kScores = {Score::kMaxProbability, Score::kMargin, Score::kEntropy};

std::vector<int32_t> row_predictions(const Tensor& logits) {
  const auto values = logits.data<float>();
  const size_t classes = size_t(logits.dims()[1]);
  std::vector<int32_t> predictions;
  for (size_t r = 0; r < size_t(logits.dims()[0]); ++r) {
    const auto row = values.subspan(r * classes, classes);
    predictions.push_back(int32_t(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return predictions;
}

double accuracy_of(const std::vector<int32_t>& predictions, const std::vector<int32_t>& labels) {
  int64_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) right += predictions[i] == labels[i];
  return labels.empty() ? 0 : double(right) / double(labels.size());
}

void fill_rows(ExitCandidate& candidate, const Tensor& logits, float temperature) {
  const size_t classes = size_t(logits.dims()[1]);
  std::vector<float> probabilities(classes);
  candidate.predictions = row_predictions(logits);
  candidate.scores.clear();
  for (size_t r = 0; r < candidate.predictions.size(); ++r)
    candidate.scores.push_back(
        score_row(logits.data<float>().subspan(r * classes, classes), temperature, candidate.score, probabilities));
}

Outcomes empty_outcomes(const FeatureTable& table, double base_cost, int32_t classes) {
  Outcomes outcomes;
  outcomes.labels = table.labels;
  outcomes.base_predictions = row_predictions(table.logits);
  outcomes.base_cost = base_cost;
  outcomes.classes = classes;
  return outcomes;
}

}  // namespace

Answers answer_rows(const Outcomes& outcomes, const std::vector<PlannedExit>& exits) {
  Answers answers = {outcomes.base_predictions, std::vector<int32_t>(outcomes.labels.size(), int32_t(exits.size()))};
  for (size_t row = 0; row < outcomes.labels.size(); ++row)
    for (size_t e = 0; e < exits.size(); ++e) {
      const ExitCandidate& candidate = outcomes.candidates[size_t(exits[e].candidate)];
      if (candidate.scores[row] < exits[e].threshold) continue;
      answers.predictions[row] = candidate.predictions[row];
      answers.exits[row] = int32_t(e);
      break;
    }
  return answers;
}

Result<std::vector<int32_t>> choose_promising(const Outcomes& screened, int32_t exit_points, const SearchOptions& options, int most) {
  std::vector<int32_t> chosen;
  const auto add = [&](int32_t point) {
    if (int(chosen.size()) < most && std::find(chosen.begin(), chosen.end(), point) == chosen.end()) chosen.push_back(point);
  };
  SearchOptions quick = options;
  quick.levels = std::min(options.levels, 48);
  quick.allowance = false;
  OFFRAMP_TRY(const SearchResult joint, search_exits(screened, quick));
  for (const PlannedExit& exit : joint.chosen.exits) add(screened.candidates[size_t(exit.candidate)].exit_point);

  // Heads will get better, so plans somewhat past the limit count too, the nearest to it first; half of the places at most.
  std::vector<const Plan*> near_limit;
  for (const Plan& plan : joint.front) near_limit.push_back(&plan);
  std::stable_sort(near_limit.begin(), near_limit.end(), [&](const Plan* a, const Plan* b) {
    return std::fabs(a->figures.harm - 2 * options.max_drop) < std::fabs(b->figures.harm - 2 * options.max_drop);
  });
  for (const Plan* plan : near_limit)
    if (int(chosen.size()) < (most + 1) / 2)
      for (const PlannedExit& exit : plan->exits) add(screened.candidates[size_t(exit.candidate)].exit_point);

  // What each exit point saves alone.
  std::vector<std::pair<double, int32_t>> alone;
  for (int32_t point = 0; point < exit_points; ++point) {
    Outcomes single = screened;
    std::erase_if(single.candidates, [&](const ExitCandidate& c) { return c.exit_point != point; });
    quick.max_exits = std::min(1, options.max_exits);
    OFFRAMP_TRY(const SearchResult result, search_exits(single, quick));
    alone.emplace_back(result.chosen.figures.mean_cost, point);
  }
  std::stable_sort(alone.begin(), alone.end());
  for (const auto& [cost, point] : alone) add(point);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

Augmenter::Augmenter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Augmenter::~Augmenter() = default;

Result<std::unique_ptr<Augmenter>> Augmenter::create(const ByteSource& onnx, const Json& options) {
  auto state = std::make_unique<State>();
  OFFRAMP_TRY(state->options, read_augment_options(options));
  OFFRAMP_TRY(state->graph, load_classifier(onnx));
  state->costs = measure_costs(state->graph);
  state->classes = int32_t((*state->graph.value(state->graph.outputs[0]).shape)[1].size);
  if (!state->options.labels.empty() && int32_t(state->options.labels.size()) != state->classes)
    return invalid_argument("option labels: " + std::to_string(state->options.labels.size()) + " names for a model with " +
                            std::to_string(state->classes) + " classes");
  state->exit_points = find_exit_points(state->graph);
  if (state->exit_points.empty())
    return unsupported("the model has no place where an exit could stand: no inner value that everything passes through");
  OFFRAMP_TRY(state->extractor, FeatureExtractor::create(state->graph, state->exit_points, {state->options.backend}));
  return std::unique_ptr<Augmenter>(new Augmenter(std::move(state)));
}

Status Augmenter::add_rows(Part part, const Tensor& raw, std::span<const int32_t> labels) {
  if (state_->started) return invalid_argument("rows cannot be added once the search has begun");
  const std::string frame = std::string(kPartNames[size_t(part)]) + " rows";
  FeatureTable& table = state_->tables[size_t(part)];
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= state_->classes)
      return invalid_data("row " + std::to_string(table.rows() + int64_t(i)) + ": label " + std::to_string(labels[i]) +
                          " is not one of the model's " + std::to_string(state_->classes) + " classes")
          .within(frame);
    state_->classes_seen[size_t(part)].insert(labels[i]);
  }
  OFFRAMP_TRY(const Tensor inputs, state_->options.preprocess.apply(raw).within(frame));
  return state_->extractor->extract(inputs, labels, table).within(frame);
}

Status Augmenter::State::start() {
  for (size_t part = 0; part < tables.size(); ++part) {
    tables[part].finish();
    if (tables[part].rows() < kMinRows)
      return invalid_data(std::string("at least ") + std::to_string(kMinRows) + " " + kPartNames[part] + " rows are needed, got " +
                          std::to_string(tables[part].rows()));
    if (part < 2 && classes_seen[part].size() < 2)
      return invalid_data(std::string("all ") + kPartNames[part] + " rows have the same label; at least two classes are needed");
  }
  screened = empty_outcomes(select(), double(costs.macs), classes);
  outcomes = screened;
  test_outcomes = empty_outcomes(test(), double(costs.macs), classes);
  extractor.reset();
  if (options.train.epochs == kAutomaticEpochs)
    options.train.epochs = int(std::clamp<int64_t>(kRowVisits / train().rows(), 20, 200));
  total = int64_t(exit_points.size());
  started = true;
  return {};
}

// Closed-form heads at one exit point.
Status Augmenter::State::screen_next() {
  const auto point = int32_t(done);
  double best = 0;
  for (Pooling pooling : {Pooling::kGapGmp, Pooling::kGrid}) {
    OFFRAMP_TRY(const Head head, fit_ridge({"ridge", pooling, 0}, train(), point, classes).within("exit point " + exit_points[size_t(point)].at));
    const Tensor logits = head_logits(head, select(), point);
    ExitCandidate candidate;
    candidate.exit_point = point;
    candidate.score = Score::kMargin;
    candidate.backbone_cost = double(exit_points[size_t(point)].macs);
    candidate.head_cost = double(head.macs());
    // Regression outputs lie near 0 and 1; a sharper softmax spreads their margins.
    fill_rows(candidate, logits, 0.1f);
    best = std::max(best, accuracy_of(candidate.predictions, select().labels));
    screened.candidates.push_back(std::move(candidate));
  }
  screen_accuracy.push_back(best);
  if (++done < total) return {};
  OFFRAMP_TRY(const std::vector<int32_t> promising,
              choose_promising(screened, int32_t(exit_points.size()), options.search, options.promising));
  for (int32_t i = 0; i < int32_t(exit_points.size()); ++i) {
    const bool ours = std::find(promising.begin(), promising.end(), i) != promising.end();
    const ExitPoint& place = exit_points[size_t(i)];
    const Dims shape = head_shape(place.shape, has_channels_last(graph, place.value));
    for (const HeadKind& kind : head_family()) {
      const bool paper_kind = kind.pooling == Pooling::kGap && kind.hidden == 0;
      if (!ours && !paper_kind) continue;
      const int64_t inputs = feature_length(kind.pooling, shape);
      jobs.push_back({i, kind, ours, paper_kind, inputs * (kind.hidden > 0 ? kind.hidden : classes)});
    }
  }
  phase = Phase::kTrain;
  done = total = 0;
  for (const HeadJob& job : jobs) total += job.work;
  return {};
}

// One step of the head in training; a finished one becomes candidates.
Status Augmenter::State::train_next() {
  const HeadJob& job = jobs[heads.size()];
  if (!trainer) {
    TrainOptions train_options = options.train;
    train_options.seed += heads.size();
    trainer = std::make_unique<HeadTrainer>(job.kind, train(), job.exit_point, classes, train_options);
  }
  trainer->step();
  ++trainer_steps;
  done = work_done + job.work * trainer_steps / trainer->total_steps();
  if (!trainer->done()) return {};
  done = work_done += job.work;
  trainer_steps = 0;
  Head head = trainer->take();
  trainer.reset();
  const Tensor logits = head_logits(head, select(), job.exit_point);
  for (float v : logits.data<float>())
    if (!std::isfinite(v)) return internal_error("head " + job.kind.name + " at " + exit_points[size_t(job.exit_point)].at + " diverged");
  head.temperature = fit_temperature(logits, select().labels);

  ExitCandidate candidate;
  candidate.exit_point = job.exit_point;
  candidate.head = int32_t(heads.size());
  candidate.backbone_cost = double(exit_points[size_t(job.exit_point)].macs);
  candidate.head_cost = double(head.macs());
  if (job.paper) {
    candidate.paper = true;
    fill_rows(candidate, logits, 1.0f);
    outcomes.candidates.push_back(candidate);
    candidate.paper = false;
  }
  if (job.ours)
    for (Score score : kScores) {
      candidate.score = score;
      fill_rows(candidate, logits, head.temperature);
      outcomes.candidates.push_back(candidate);
    }
  head_accuracy.push_back(accuracy_of(row_predictions(logits), select().labels));
  heads.push_back(std::move(head));
  if (heads.size() < jobs.size()) return {};
  search = std::make_unique<ExitSearch>(outcomes, options.search);
  phase = Phase::kSearch;
  done = 0;
  total = search->total_steps();
  return {};
}

Status Augmenter::State::search_next() {
  if (!search->done()) {
    OFFRAMP_RETURN_IF_ERROR(search->step());
    ++done;
    if (!search->done()) return {};
  }
  found = search->take();
  search.reset();
  paper = search_paper_method(outcomes, {});

  std::set<int32_t> used;
  const auto use = [&](const std::vector<PlannedExit>& exits) {
    for (const PlannedExit& exit : exits) used.insert(outcomes.candidates[size_t(exit.candidate)].head);
  };
  use(found.chosen.exits);
  use(paper.plan.exits);
  for (const Plan& plan : found.front) use(plan.exits);
  evaluated_heads.assign(used.begin(), used.end());
  test_outcomes.candidates = outcomes.candidates;
  for (ExitCandidate& candidate : test_outcomes.candidates) candidate.scores.clear(), candidate.predictions.clear();
  phase = Phase::kEvaluate;
  done = 0;
  total = int64_t(evaluated_heads.size());
  return {};
}

// One head on the test rows.
void Augmenter::State::evaluate_next() {
  if (done < total) {
    const int32_t number = evaluated_heads[size_t(done)];
    const Head& head = heads[size_t(number)];
    const Tensor logits = head_logits(head, test(), jobs[size_t(number)].exit_point);
    for (ExitCandidate& candidate : test_outcomes.candidates)
      if (candidate.head == number) fill_rows(candidate, logits, candidate.paper ? 1.0f : head.temperature);
    ++done;
  }
  if (done == total) phase = Phase::kFinished;
}

Result<Augmenter::Progress> Augmenter::step() {
  State& s = *state_;
  if (!s.started) OFFRAMP_RETURN_IF_ERROR(s.start());
  switch (s.phase) {
    case Phase::kScreen: OFFRAMP_RETURN_IF_ERROR(s.screen_next()); break;
    case Phase::kTrain: OFFRAMP_RETURN_IF_ERROR(s.train_next()); break;
    case Phase::kSearch: OFFRAMP_RETURN_IF_ERROR(s.search_next()); break;
    case Phase::kEvaluate: s.evaluate_next(); break;
    case Phase::kFinished: break;
  }
  constexpr std::array kNames = {"screen", "train", "search", "evaluate", "finished"};
  return Progress{kNames[size_t(s.phase)], s.done, s.total};
}

}  // namespace offramp
