// From a model and rows to a plan, step by step; here what comes in, and the order of the steps.
#include "augmenter.h"

#include <algorithm>
#include <cstring>

#include "facade.h"
#include "features/layout.h"
#include "heads/learner.h"

namespace offramp {
namespace {

constexpr int64_t kMinRows = 20;
constexpr int64_t kMaxRowFeatures = 65'536;  // of all exit points together: 128 KB a row, so that memory follows the rows and not the depth
constexpr int64_t kRowVisits = 300'000;  // rows times epochs that a head is trained for by default
constexpr std::array<const char*, 4> kPartNames = {"train", "select", "test", "certify"};

// Without the one that every run measures anew.
std::string hash_options(const Json& options) {
  Sha256 hash;
  for (const auto& [key, value] : options.items()) {
    const std::string text = key == "measured_macs_per_s" ? "" : key + value.dump();
    hash.update(text.data(), text.size());
  }
  return hash.hex();
}

}  // namespace

Status RawRows::append(const Tensor& rows) {
  const Dims sample(rows.dims().begin() + 1, rows.dims().end());
  if (bytes_.empty()) {
    dtype_ = rows.dtype();
    sample_ = sample;
  }
  if (rows.dtype() != dtype_ || sample != sample_)
    return invalid_argument("expected samples of type " + std::string(to_string(dtype_)) + " " + to_string(sample_) + " as before, got " +
                            std::string(to_string(rows.dtype())) + " " + to_string(sample));
  bytes_.insert(bytes_.end(), rows.raw(), rows.raw() + rows.bytes());
  hash_.update(rows.raw(), rows.bytes());
  return {};
}

std::string RawRows::hash() const { return std::string(to_string(dtype_)) + to_string(sample_) + hash_.hex(); }

Tensor RawRows::gather(std::span<const int32_t> rows) const {
  Dims dims = sample_;
  dims.insert(dims.begin(), int64_t(rows.size()));
  Tensor out(dtype_, dims);
  const size_t width = rows.empty() ? 0 : out.bytes() / rows.size();
  for (size_t i = 0; i < rows.size(); ++i) std::memcpy(out.mutable_raw() + i * width, bytes_.data() + size_t(rows[i]) * width, width);
  return out;
}

Augmenter::Augmenter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Augmenter::~Augmenter() = default;

Result<std::unique_ptr<Augmenter>> Augmenter::create(const ByteSource& onnx, const Json& options) {
  auto state = std::make_unique<State>();
  OFFRAMP_TRY(state->options, read_augment_options(options));
  state->model_hash = sha256_hex(onnx);
  state->options_hash = hash_options(options);
  OFFRAMP_TRY(state->graph, load_classifier(onnx));
  state->costs = measure_costs(state->graph);
  state->classes = int32_t((*state->graph.value(state->graph.outputs[0]).shape)[1].size);
  if (!state->options.labels.empty() && int32_t(state->options.labels.size()) != state->classes)
    return invalid_argument("option labels: " + std::to_string(state->options.labels.size()) + " names for a model with " +
                            std::to_string(state->classes) + " classes");
  state->exit_points = find_exit_points(state->graph);
  if (state->exit_points.empty())
    return unsupported("the model has no place where an exit could stand: no inner value that everything passes through");
  std::vector<Dims> shapes;
  for (const ExitPoint& point : state->exit_points) shapes.push_back(head_shape(point.shape, has_channels_last(state->graph, point.value)));
  const size_t found = state->exit_points.size();
  state->exit_points = thin_exit_points(std::move(state->exit_points), shapes, kMaxRowFeatures);
  state->exit_points_left_out = int64_t(found - state->exit_points.size());
  OFFRAMP_TRY(state->extractor, FeatureExtractor::create(state->graph, state->exit_points, {state->options.backend}));
  return std::unique_ptr<Augmenter>(new Augmenter(std::move(state)));
}

std::string Augmenter::State::rows_frame(Part part) { return std::string(kPartNames[size_t(part)]) + " rows"; }

Status Augmenter::State::check_rows(Part part, std::span<const int32_t> labels, std::span<const int64_t> row_groups) const {
  if (started) return invalid_argument("rows cannot be added once the search has begun");
  const int64_t before = tables[size_t(part)].rows();
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      return invalid_data("row " + std::to_string(before + int64_t(i)) + ": label " + std::to_string(labels[i]) +
                          " is not one of the model's " + std::to_string(classes) + " classes");
  if (part != Part::kTrain) return {};
  if (!row_groups.empty() && row_groups.size() != labels.size())
    return invalid_argument("expected one group per sample, got " + std::to_string(row_groups.size()) + " for " + std::to_string(labels.size()));
  if (before > 0 && row_groups.empty() != groups.empty()) return invalid_argument("either all rows have groups or none has");
  return {};
}

Status Augmenter::State::keep_rows(Part part, const Tensor& raw_rows, std::span<const int32_t> labels, std::span<const int64_t> row_groups) {
  classes_seen[size_t(part)].insert(labels.begin(), labels.end());
  if (part == Part::kTrain) groups.insert(groups.end(), row_groups.begin(), row_groups.end());
  return raw[size_t(part)].append(raw_rows);
}

Status Augmenter::add_rows(Part part, const Tensor& raw, std::span<const int32_t> labels, std::span<const int64_t> groups,
                           std::span<const uint8_t> record) {
  State& s = *state_;
  const std::string frame = State::rows_frame(part);
  OFFRAMP_RETURN_IF_ERROR(s.check_rows(part, labels, groups).within(frame));
  if (record.empty()) {
    OFFRAMP_TRY(const Tensor inputs, s.options.preprocess.apply(raw).within(frame));
    OFFRAMP_RETURN_IF_ERROR(s.extractor->extract(inputs, labels, s.tables[size_t(part)]).within(frame));
  } else {
    OFFRAMP_RETURN_IF_ERROR(s.add_recorded(size_t(part), raw, labels, record).within("record of " + frame));
  }
  return s.keep_rows(part, raw, labels, groups).within(frame);
}

int Augmenter::State::automatic_epochs() const { return int(std::clamp<int64_t>(kRowVisits / train().rows(), kLeastEpochs, kMostEpochs)); }

Status Augmenter::State::start() {
  cross_fitted = tables[1].rows() == 0;
  for (size_t part = 0; part < tables.size(); ++part) {
    tables[part].finish();
    if (part == 1 && cross_fitted) continue;
    if (part == 3) {
      if (options.certify && tables[part].rows() == 0) return invalid_data("a certificate needs certify rows, got none");
      if (!options.certify && tables[part].rows() > 0) return invalid_argument("certify rows are for a certificate; option certify_pp asks for one");
      continue;
    }
    if (tables[part].rows() < kMinRows)
      return invalid_data(std::string("at least ") + std::to_string(kMinRows) + " " + kPartNames[part] + " rows are needed, got " +
                          std::to_string(tables[part].rows()));
    if (part < 2 && classes_seen[part].size() < 2)
      return invalid_data(std::string("all ") + kPartNames[part] + " rows have the same label; at least two classes are needed");
  }
  OFFRAMP_TRY(folds, deal_folds(train().labels, groups, kFolds, options.train.seed));
  if (cross_fitted)
    for (int32_t row = 0; row < int32_t(train().rows()); ++row) (kGradeFolds >> folds[size_t(row)] & 1 ? grade_rows : fit_rows).push_back(row);
  screened = empty_outcomes(select(), double(costs.macs), classes, grade_rows);
  outcomes = empty_outcomes(select(), double(costs.macs), classes);
  test_outcomes = empty_outcomes(test(), double(costs.macs), classes);
  extractor.reset();
  epochs_given = options.train.epochs != kAutomaticEpochs;
  if (!epochs_given) options.train.epochs = automatic_epochs();
  if (options.balanced_classes) options.train.class_weights = balanced_weights(train().labels, classes);
  total = int64_t(exit_points.size());
  started = true;
  return {};
}

Result<Augmenter::Progress> Augmenter::step() {
  State& s = *state_;
  if (s.unreadable) return invalid_argument("the record to go on from was damaged; begin anew with another Augmenter");
  if (!s.started) OFFRAMP_RETURN_IF_ERROR(s.start());
  switch (s.phase) {
    case Phase::kScreen: OFFRAMP_RETURN_IF_ERROR(s.screen_next()); break;
    case Phase::kQualify: OFFRAMP_RETURN_IF_ERROR(s.train_next()); break;
    case Phase::kRank: OFFRAMP_RETURN_IF_ERROR(s.score_next()); break;
    case Phase::kTrain: OFFRAMP_RETURN_IF_ERROR(s.train_next()); break;
    case Phase::kTrainTable: OFFRAMP_RETURN_IF_ERROR(s.train_next()); break;
    case Phase::kScore: OFFRAMP_RETURN_IF_ERROR(s.score_next()); break;
    case Phase::kPaper: OFFRAMP_RETURN_IF_ERROR(s.paper_next()); break;
    case Phase::kSearch: OFFRAMP_RETURN_IF_ERROR(s.search_next()); break;
    case Phase::kCertify: OFFRAMP_RETURN_IF_ERROR(s.score_next()); break;
    case Phase::kEvaluate: OFFRAMP_RETURN_IF_ERROR(s.score_next()); break;
    case Phase::kFinished: break;
  }
  return s.progress();
}

std::vector<float> Augmenter::accuracies() const {
  const State& s = *state_;
  std::vector<float> best(s.exit_points.size());
  const auto raise = [&](size_t point, double accuracy) { best[point] = std::max(best[point], float(accuracy)); };
  for (size_t point = 0; point < s.screen_accuracy.size(); ++point) raise(point, s.screen_accuracy[point]);
  for (size_t i = 0; i < s.qualified_accuracy.size(); ++i) raise(size_t(s.qualifying[i].exit_point), s.qualified_accuracy[i]);
  for (const TrainedHead& head : s.heads)
    if (!head.paper) raise(size_t(head.exit_point), head.select_accuracy);
  return best;
}

Augmenter::Progress Augmenter::State::progress() const {
  constexpr std::array kNames = {"screen", "qualify", "rank", "train", "pooled", "score", "paper", "search", "certify", "evaluate", "finished"};
  return {kNames[size_t(phase)], done, total};
}

}  // namespace offramp
