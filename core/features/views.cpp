#include "features/views.h"

#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "base/rng.h"
#include "features/layout.h"
#include "graph/operators.h"

namespace offramp {
namespace {

constexpr int64_t kMaxMapBytes = FeatureExtractor::kMaxMapBytes;

// How a model input lies: [channels, rows, columns] or, if channels are last, [rows, columns, channels].
struct SampleDims {
  int64_t channels = 1, rows = 1, columns = 1;
  bool channels_last = false;
};

std::string number(float value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// Copies `count` rows of `from` to row `at` of `to`, which is made on first use for `total` rows.
void append_rows(const Tensor& from, int64_t at, int64_t total, Tensor& to) {
  if (to.elements() == 0) {
    Dims dims = from.dims();
    dims[0] = total;
    to = Tensor(DType::kF32, dims);
  }
  const int64_t width = from.elements() / from.dims()[0];
  std::copy_n(from.data<float>().begin(), from.elements(), to.mutable_data<float>().begin() + at * width);
}

}  // namespace

std::string to_string(const ViewPolicy& policy) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (policy.flip) add("flip");
  if (policy.shift_rows || policy.shift_columns)
    add("shift " + (policy.shift_rows ? std::to_string(policy.shift_rows) + " x " : std::string()) + std::to_string(policy.shift_columns));
  if (policy.noise > 0) add("noise " + number(policy.noise));
  if (policy.gain > 0) add("gain " + number(policy.gain));
  if (policy.mix > 0) add("mix " + number(policy.mix));
  return text.empty() ? "none" : text;
}

void change_sample(std::span<float> sample, int64_t channels, int64_t rows, int64_t columns, const ViewPolicy& policy, uint64_t seed) {
  Rng rng(seed, 11);
  const bool flip = policy.flip && rng.below(2) == 1;
  const auto shift = [&](int64_t most) { return most > 0 ? int64_t(rng.below(uint32_t(2 * most + 1))) - most : 0; };
  const int64_t down = shift(policy.shift_rows), right = shift(policy.shift_columns);
  if (flip || down != 0 || right != 0) {
    std::vector<float> before(sample.begin(), sample.end());
    for (int64_t c = 0, at = 0; c < channels; ++c)
      for (int64_t y = 0; y < rows; ++y)
        for (int64_t x = 0; x < columns; ++x, ++at) {
          const int64_t from_y = std::clamp<int64_t>(y - down, 0, rows - 1);
          const int64_t shifted = std::clamp<int64_t>(x - right, 0, columns - 1), from_x = flip ? columns - 1 - shifted : shifted;
          sample[size_t(at)] = before[size_t((c * rows + from_y) * columns + from_x)];
        }
  }
  const float gain = policy.gain > 0 ? 1 + policy.gain * (2 * rng.uniform() - 1) : 1;
  float noise = 0;
  if (policy.noise > 0) {
    double sum = 0, square = 0;
    for (float v : sample) {
      sum += v;
      square += double(v) * v;
    }
    const double n = double(sample.size());
    noise = policy.noise * rng.uniform() * float(std::sqrt(std::max(0.0, square / n - sum / n * (sum / n))));
  }
  if (gain != 1 || noise > 0)
    for (float& v : sample) v = v * gain + (noise > 0 ? noise * rng.normal() : 0.0f);
}

Result<std::unique_ptr<ViewSource>> ViewSource::create(const Graph& graph, std::span<const ViewPoint> points, int64_t rows, Inputs inputs,
                                                       const ViewOptions& options) {
  auto source = std::make_unique<ViewSource>();
  source->options_ = options;
  source->options_.distinct = std::max<int64_t>(1, options.distinct);
  source->options_.keep = std::clamp<int64_t>(options.keep, 0, source->options_.distinct);
  source->inputs_ = std::move(inputs);
  source->rows_ = rows;
  source->by_fold_.resize(1);
  for (int64_t row = 0; row < rows; ++row) {
    const size_t fold = options.folds.empty() ? 0 : options.folds[size_t(row)];
    if (fold >= source->by_fold_.size()) source->by_fold_.resize(fold + 1);
    source->by_fold_[fold].push_back(int32_t(row));
  }
  source->channels_last_ = has_channels_last(graph, graph.inputs[0]);
  source->answers_ = options.answers || options.policy.mix > 0;

  Graph tapped = graph;
  if (!source->answers_) tapped.outputs.clear();
  int64_t map_bytes = 0;
  for (const auto& [point, pooled, map] : points) {
    const bool last = has_channels_last(graph, point.value);
    tapped.outputs.push_back(add_channels_first(tapped, point.value, point.shape.size() + 1, last));
    const Dims shape = head_shape(point.shape, last);
    map_bytes += element_count(shape) * int64_t(sizeof(float));
    source->points_.push_back({shape, pooled, map && body_map(shape).channels > 0});
  }
  tapped.compact();
  OFFRAMP_RETURN_IF_ERROR(infer_shapes(tapped));
  OFFRAMP_TRY(source->session_, Session::create(std::move(tapped), options.session));
  if (map_bytes > 0) source->rows_per_run_ = std::max<int64_t>(1, kMaxMapBytes / map_bytes);
  if (options.keep > 0) {
    const auto views = size_t(rows * source->options_.keep);
    for (const Point& point : source->points_) source->kept_.emplace_back(point.width() * views);
    source->have_.assign(views, -1);
    source->missing_ = int64_t(views);
  }
  return source;
}

size_t ViewSource::Point::width() const {
  return size_t((pooled ? feature_length(Pooling::kGapGmp, shape) + grid_length(shape) : 0) + (map ? body_map(shape).values() : 0));
}

int64_t kept_bytes(const Graph& graph, std::span<const ViewPoint> points) {
  int64_t values = 0;
  for (const auto& [point, pooled, map] : points) {
    const Dims shape = head_shape(point.shape, has_channels_last(graph, point.value));
    if (pooled) values += feature_length(Pooling::kGapGmp, shape) + grid_length(shape);
    if (map) values += body_map(shape).values();
  }
  return values * int64_t(sizeof(uint16_t));
}

void ViewSource::change(Tensor& inputs, std::span<const int32_t> rows, int64_t view) const {
  if (view == 0 || options_.policy.none()) return;
  const Dims& dims = inputs.dims();
  if (dims.size() < 3 || dims.size() > 4) return;
  const bool signal = dims.size() == 3, last = channels_last_;
  const int64_t channels = last ? dims.back() : dims[1];
  const int64_t height = signal ? 1 : (last ? dims[1] : dims[2]), width = last ? dims[dims.size() - 2] : dims.back();
  const int64_t size = channels * height * width;
  std::vector<float> planar(static_cast<size_t>(size));
  for (size_t i = 0; i < rows.size(); ++i) {
    std::span<float> sample = inputs.mutable_data<float>().subspan(i * size_t(size), size_t(size));
    const uint64_t seed = (options_.seed * 1000003 + uint64_t(view)) * 1000003 + uint64_t(rows[i]);
    if (!last) {
      change_sample(sample, channels, height, width, options_.policy, seed);
      continue;
    }
    for (int64_t p = 0; p < height * width; ++p)
      for (int64_t c = 0; c < channels; ++c) planar[size_t(c * height * width + p)] = sample[size_t(p * channels + c)];
    change_sample(planar, channels, height, width, options_.policy, seed);
    for (int64_t p = 0; p < height * width; ++p)
      for (int64_t c = 0; c < channels; ++c) sample[size_t(p * channels + c)] = planar[size_t(c * height * width + p)];
  }
}

// Every row with another one that its number and the view pick, so that batches do not matter.
void ViewSource::choose_partners(std::span<const int32_t> rows, int64_t view, ViewBatch& batch) const {
  if (options_.policy.mix == 0 || view == 0) return;
  for (int32_t row : rows) {
    Rng rng((options_.seed * 7919 + uint64_t(view)) * 1000003 + uint64_t(row), 12);
    const std::vector<int32_t>& fold = by_fold_[options_.folds.empty() ? 0 : options_.folds[size_t(row)]];
    batch.partners.push_back(fold[rng.below(uint32_t(fold.size()))]);
    batch.shares.push_back(rng.uniform() < options_.policy.mix ? 0.5f + 0.5f * rng.uniform() : 1.0f);
  }
}

// Source: Zhang et al. 2018 (mixup).
Status ViewSource::blend(Tensor& inputs, int64_t view, const ViewBatch& batch) const {
  OFFRAMP_TRY(Tensor others, inputs_(batch.partners));
  change(others, batch.partners, view);
  const size_t width = size_t(inputs.elements()) / batch.partners.size();
  auto values = inputs.mutable_data<float>();
  const auto other = others.data<float>();
  for (size_t i = 0; i < batch.partners.size(); ++i)
    for (size_t k = i * width; k < (i + 1) * width; ++k) values[k] = batch.shares[i] * values[k] + (1 - batch.shares[i]) * other[k];
  return {};
}

Result<ViewBatch> ViewSource::extract(std::span<const int32_t> rows, int64_t view) {
  const auto count = int64_t(rows.size());
  OFFRAMP_TRY(Tensor inputs, inputs_(rows));
  change(inputs, rows, view);
  ViewBatch batch;
  choose_partners(rows, view, batch);
  if (!batch.partners.empty()) OFFRAMP_RETURN_IF_ERROR(blend(inputs, view, batch));
  batch.points.resize(points_.size());
  for (int64_t begin = 0; begin < count; begin += rows_per_run_) {
    const int64_t end = std::min(count, begin + rows_per_run_);
    const Tensor piece = inputs.rows(begin, end);
    OFFRAMP_TRY(const std::vector<Tensor> outputs, session_->run(std::span(&piece, 1)));
    if (answers_) append_rows(outputs[0], begin, count, batch.logits);
    for (size_t p = 0; p < points_.size(); ++p) {
      const Tensor& map = outputs[p + (answers_ ? 1 : 0)];
      if (points_[p].pooled) {
        append_rows(pool_features(map, Pooling::kGapGmp), begin, count, batch.points[p].gap_gmp);
        if (grid_length(points_[p].shape) > 0) append_rows(pool_features(map, Pooling::kGrid), begin, count, batch.points[p].grid);
      }
      if (points_[p].map) append_rows(pool_body_map(map), begin, count, batch.points[p].map);
    }
  }
  return batch;
}

int64_t ViewSource::by_turns() const { return std::max<int64_t>(1, options_.keep - 1); }

// Of more views than are kept, as many as have places take turns for a while, then the next ones do.
int64_t ViewSource::view_of(int64_t epoch) const {
  if (options_.keep == 0 || options_.keep == options_.distinct) return epoch % options_.distinct;
  const int64_t few = by_turns(), group = epoch * options_.distinct / (few * options_.epochs);
  return (group * few + epoch % few) % options_.distinct;
}

// View 0 keeps its place, since held-out rows are read as they are between the epochs.
int64_t ViewSource::place_of(int64_t view) const { return view == 0 || options_.keep == 1 ? 0 : 1 + (view - 1) % by_turns(); }

Result<ViewBatch> ViewSource::read(std::span<const int32_t> rows, int64_t epoch) {
  return kept_.empty() ? extract(rows, view_of(epoch)) : read_kept(rows, view_of(epoch));
}

Result<ViewBatch> ViewSource::read_kept(std::span<const int32_t> rows, int64_t view) {
  const auto at = [&](int32_t row) { return size_t(place_of(view) * rows_ + row); };
  std::vector<int32_t> missing;
  for (int32_t row : rows)
    if (have_[at(row)] != view) missing.push_back(row);
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  size_t classes = 0;
  if (!missing.empty()) {
    OFFRAMP_TRY(const ViewBatch fresh, extract(missing, view));
    for (size_t p = 0; p < points_.size(); ++p)
      for (size_t i = 0; i < missing.size(); ++i) {
        auto to = kept_[p].begin() + int64_t(at(missing[i]) * points_[p].width());
        for (const Tensor* part : {&fresh.points[p].gap_gmp, &fresh.points[p].grid, &fresh.points[p].map}) {
          const size_t width = size_t(part->elements()) / missing.size();
          if (width == 0) continue;
          for (float v : part->data<float>().subspan(i * width, width)) *to++ = float_to_half(std::clamp(v, -kHalfMax, kHalfMax));
        }
      }
    if (answers_) {
      classes = size_t(fresh.logits.dims()[1]);
      kept_logits_.resize(have_.size() * classes);
      for (size_t i = 0; i < missing.size(); ++i)
        std::copy_n(fresh.logits.data<float>().begin() + int64_t(i * classes), classes, kept_logits_.begin() + int64_t(at(missing[i]) * classes));
    }
    for (int32_t row : missing) {
      missing_ -= have_[at(row)] < 0;
      have_[at(row)] = int32_t(view);
    }
    if (missing_ == 0 && options_.keep == options_.distinct) session_.reset();  // its weights' memory is better used
  }
  ViewBatch batch;
  choose_partners(rows, view, batch);
  const auto count = int64_t(rows.size());
  if (answers_) {
    classes = kept_logits_.size() / have_.size();
    batch.logits = Tensor(DType::kF32, {count, int64_t(classes)});
    for (size_t i = 0; i < rows.size(); ++i)
      std::copy_n(kept_logits_.begin() + int64_t(at(rows[i]) * classes), classes, batch.logits.mutable_data<float>().begin() + int64_t(i * classes));
  }
  for (size_t p = 0; p < points_.size(); ++p) {
    PointBatch point;
    if (points_[p].pooled) {
      point.gap_gmp = Tensor(DType::kF32, {count, feature_length(Pooling::kGapGmp, points_[p].shape)});
      if (grid_length(points_[p].shape) > 0) point.grid = Tensor(DType::kF32, {count, grid_length(points_[p].shape)});
    }
    const BodyMap map = body_map(points_[p].shape);
    if (points_[p].map) point.map = Tensor(DType::kF32, {count, map.height, map.width, map.channels});
    for (size_t i = 0; i < rows.size(); ++i) {
      auto from = kept_[p].begin() + int64_t(at(rows[i]) * points_[p].width());
      for (Tensor* part : {&point.gap_gmp, &point.grid, &point.map}) {
        const size_t width = size_t(part->elements()) / rows.size();
        if (width == 0) continue;
        for (float& v : part->mutable_data<float>().subspan(i * width, width)) v = half_to_float(*from++);
      }
    }
    batch.points.push_back(std::move(point));
  }
  return batch;
}

}  // namespace offramp
