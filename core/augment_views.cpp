// Augmented views of rows: which the backbone does not mind, and how many are kept.
#include <algorithm>

#include "augmenter.h"
#include "features/layout.h"

namespace offramp {
namespace {

constexpr int64_t kKeptBytes = int64_t{800} << 20;   // for views that come up again
constexpr int64_t kTrainingBytes = 1'200'000'000;    // aimed at for weights twice, features and kept views together
constexpr int64_t kLeastKeptBytes = int64_t{64} << 20;
constexpr float kBlended = 0.6f;                     // share of rows that are blended with another, in a view
constexpr double kProbeMacs = 5e11;                  // that choosing views may cost
constexpr double kMostViewLoss = 0.02;               // of the backbone's accuracy, by a view that keeps the class

}  // namespace

// What is left for views beside weights and features.
int64_t Augmenter::State::kept_budget() const {
  int64_t bytes = 2 * int64_t(sizeof(float)) * costs.parameters;
  for (const FeatureTable& table : tables) bytes += table.bytes();
  return std::clamp(kTrainingBytes - bytes, kLeastKeptBytes, kKeptBytes);
}

Status Augmenter::State::open_source(std::span<const HeadChoice> choices, size_t part, int epochs, double macs) {
  std::vector<ViewPoint> wanted;
  source.reset();
  source_points.clear();
  for (int32_t point = 0; point < int32_t(exit_points.size()); ++point) {
    ViewPoint view = {exit_points[size_t(point)], false, false};
    for (const HeadChoice& choice : choices)
      if (choice.exit_point == point) (choice.kind.body.empty() ? view.pooled : view.map) = true;
    if (!view.pooled && !view.map) continue;
    wanted.push_back(view);
    source_points.push_back(point);
  }
  ViewOptions how;
  how.seed = options.train.seed;
  how.session.backend = options.backend;
  if (part == 0) how.folds = folds;
  if (epochs > 1) {
    // A fresh view for every epoch if that is affordable; else as many as are, kept for when they come up again as far as they fit.
    const double rows = double(tables[part].rows());
    const double each = (views.mix > 0 ? double(costs.macs) : double(wanted.back().point.macs)) * rows;
    how.distinct = std::clamp<int64_t>(int64_t(macs / each), 1, epochs);
    how.epochs = epochs;
    if (how.distinct < epochs) {
      how.keep = std::clamp<int64_t>(int64_t(double(kept_budget()) / (double(kept_bytes(graph, wanted)) * rows)), 1, how.distinct);
      // Cross-fitted, rows that one fit trains on are held out by another and read as they are in between: one place would not do.
      if (cross_fitted && how.keep == 1) how.distinct = 1;
    }
    if (how.distinct > 1) how.policy = views;
  }
  OFFRAMP_TRY(source, ViewSource::create(graph, wanted, tables[part].rows(),
                                         [this, part](std::span<const int32_t> rows) { return options.preprocess.apply(raw[part].gather(rows)); }, how));
  return {};
}

int32_t Augmenter::State::position_in_source(int32_t exit_point) const {
  return int32_t(std::find(source_points.begin(), source_points.end(), exit_point) - source_points.begin());
}

// Views that the backbone itself does not mind: each kind alone, on train rows, from strong to weak.
Status Augmenter::State::choose_views() {
  const Shape& shape = *graph.value(graph.inputs[0]).shape;
  if (shape.size() < 3 || shape.size() > 4) return {};
  const int64_t rows = std::clamp<int64_t>(int64_t(kProbeMacs / (8 * double(costs.macs))), 0, std::min<int64_t>(400, train().rows()));
  if (rows < 50) return {};
  std::vector<int32_t> some, labels;
  for (int64_t i = 0; i < rows; ++i) some.push_back(int32_t(i * train().rows() / rows));
  for (int32_t row : some) labels.push_back(train().labels[size_t(row)]);
  const std::vector<ViewPoint> last = {{exit_points.back(), true, false}};
  const auto accuracy_with = [&](const ViewPolicy& policy) -> Result<double> {
    ViewOptions how;
    how.policy = policy;
    how.distinct = 2;
    how.seed = options.train.seed;
    how.session.backend = options.backend;
    how.answers = true;
    OFFRAMP_TRY(const auto probe, ViewSource::create(graph, last, train().rows(),
                                                     [this](std::span<const int32_t> r) { return options.preprocess.apply(raw[0].gather(r)); }, how));
    OFFRAMP_TRY(const ViewBatch batch, probe->read(some, policy.none() ? 0 : 1));
    return accuracy_of(row_predictions(batch.logits), labels);
  };
  OFFRAMP_TRY(const double plain, accuracy_with({}));
  const auto allowed = [&](const ViewPolicy& policy) -> Result<bool> {
    OFFRAMP_TRY(const double reached, accuracy_with(policy));
    return reached >= plain - kMostViewLoss;
  };
  const bool last_channels = has_channels_last(graph, graph.inputs[0]);
  const size_t rank = shape.size();
  const int64_t height = rank == 3 ? 1 : shape[last_channels ? 1 : 2].size, width = shape[last_channels ? rank - 2 : rank - 1].size;
  if (rank == 4) {
    OFFRAMP_TRY(views.flip, allowed({.flip = true}));
  }
  for (int64_t share : {8, 16, 32}) {
    if (views.shift_columns == 0 && width / share > 0) {
      OFFRAMP_TRY(const bool fine, allowed({.shift_columns = width / share}));
      if (fine) views.shift_columns = width / share;
    }
    if (views.shift_rows == 0 && height / share > 0) {
      OFFRAMP_TRY(const bool fine, allowed({.shift_rows = height / share}));
      if (fine) views.shift_rows = height / share;
    }
  }
  for (float noise : {0.2f, 0.1f})
    if (views.noise == 0) {
      OFFRAMP_TRY(const bool fine, allowed({.noise = noise}));
      if (fine) views.noise = noise;
    }
  OFFRAMP_TRY(const bool gain, allowed({.gain = 0.2f}));
  if (gain) views.gain = 0.2f;
  views.mix = kBlended;  // the backbone itself says what a blend is
  return {};
}

}  // namespace offramp
