// Features that a server has extracted: its model, and its answers in place of the extractor's, checked against a row of this one's.
#include <algorithm>
#include <cmath>

#include "augmenter.h"
#include "features/pooling_nodes.h"
#include "onnx/onnx.h"

namespace offramp {
namespace {

// Servers may compute in bf16 or TF32; another model, or other preprocessing, differs by more. Of the largest value of a feature vector.
constexpr float kMostDifference = 0.03f;

// The largest difference, as a share of the largest of `own`, both at least a little.
float difference(std::span<const float> own, std::span<const float> answered) {
  float largest = 1e-3f, most = 0;
  for (size_t i = 0; i < own.size(); ++i) {
    largest = std::max(largest, std::abs(own[i]));
    most = std::max(most, std::abs(own[i] - answered[i]));
  }
  return most / largest;
}

// Calls f with every feature matrix, by exit point the average and maximum and then the grid, and where its columns begin.
template <class Table, class F>
void for_each_matrix(Table& table, F f) {
  int64_t at = 0;
  for (size_t point = 0; point < table.gap_gmp.size(); ++point)
    for (auto* matrix : {&table.gap_gmp[point], &table.grid[point]}) {
      if (matrix->columns() == 0) continue;
      f(*matrix, point, at);
      at += matrix->columns();
    }
}

Status check_finite(const Tensor& rows, const char* name, int64_t first_row) {
  const auto values = rows.data<float>();
  const int64_t columns = rows.dims()[1];
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      return invalid_data("row " + std::to_string(first_row + int64_t(i) / columns) + ": the server's " + name + " are not finite");
  return {};
}

}  // namespace

Result<std::vector<uint8_t>> Augmenter::feature_model() const {
  OFFRAMP_TRY(const Graph graph, feature_graph(state_->graph, state_->exit_points));
  return export_onnx(graph);
}

Result<Tensor> Augmenter::prepare(const Tensor& raw) const { return state_->options.preprocess.apply(raw); }

// Of the first row.
Status Augmenter::State::check_answer(size_t part, const Tensor& input, const Tensor& features, const Tensor& answers) const {
  const std::string row = "row " + std::to_string(tables[part].rows());
  const auto refuse = [&](const std::string& what, float by) {
    char share[32];
    std::snprintf(share, sizeof share, "%.2g", double(by) * 100);
    return invalid_data(row + ": " + what + " from the server differ by " + share +
                        " % of the largest from this model's own; it serves another model: export its features anew");
  };
  FeatureTable own;
  const int32_t label = 0;
  OFFRAMP_RETURN_IF_ERROR(extractor->extract(input, std::span(&label, 1), own));
  Status status;
  for_each_matrix(own, [&](const HalfMatrix& matrix, size_t point, int64_t at) {
    std::vector<float> values(size_t(matrix.columns()));
    matrix.read_row(0, values.data());
    const float by = difference(values, features.data<float>().subspan(size_t(at), values.size()));
    if (status.ok() && !(by <= kMostDifference)) status = refuse("features of exit point " + std::to_string(point), by);
  });
  OFFRAMP_RETURN_IF_ERROR(status);
  const auto logits = own.logit_chunks[0].data<float>();
  const float by = difference(logits, answers.data<float>().first(logits.size()));
  return by <= kMostDifference ? Status() : refuse("logits", by);
}

Status Augmenter::add_features(Part part, const Tensor& raw, std::span<const int32_t> labels, std::span<const int64_t> groups,
                               const Tensor& features, const Tensor& logits) {
  State& s = *state_;
  const std::string frame = State::rows_frame(part);
  OFFRAMP_RETURN_IF_ERROR(s.check_rows(part, labels, groups).within(frame));
  FeatureTable& table = s.tables[size_t(part)];
  s.extractor->prepare(table);
  int64_t columns = 0;
  for_each_matrix(table, [&](const HalfMatrix& matrix, size_t, int64_t) { columns += matrix.columns(); });
  const auto rows = int64_t(labels.size());
  const auto check_shape = [&](const Tensor& tensor, const char* name, int64_t width) -> Status {
    if (tensor.dtype() == DType::kF32 && tensor.dims() == Dims{rows, width}) return {};
    return invalid_argument("the server's " + std::string(name) + " are " + std::string(to_string(tensor.dtype())) + " " + to_string(tensor.dims()) +
                            ", expected f32 " + to_string(Dims{rows, width}) + ": it serves another model");
  };
  OFFRAMP_RETURN_IF_ERROR(check_shape(features, "features", columns).within(frame));
  OFFRAMP_RETURN_IF_ERROR(check_shape(logits, "logits", s.classes).within(frame));
  if (rows == 0) return {};
  OFFRAMP_RETURN_IF_ERROR(check_finite(features, "features", table.rows()).within(frame));
  OFFRAMP_RETURN_IF_ERROR(check_finite(logits, "logits", table.rows()).within(frame));
  OFFRAMP_TRY(const Tensor input, s.options.preprocess.apply(raw.rows(0, 1)).within(frame));
  OFFRAMP_RETURN_IF_ERROR(s.check_answer(size_t(part), input, features, logits).within(frame));
  for_each_matrix(table, [&](HalfMatrix& matrix, size_t, int64_t at) {
    for (int64_t row = 0; row < rows; ++row) matrix.append_clamped(features.data<float>().subspan(size_t(row * columns + at), size_t(matrix.columns())));
  });
  table.labels.insert(table.labels.end(), labels.begin(), labels.end());
  table.logit_chunks.push_back(logits);
  return s.keep_rows(part, raw, labels, groups).within(frame);
}

}  // namespace offramp
