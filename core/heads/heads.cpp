// The head family, and what a trained head computes.
#include "heads/heads.h"

#include <algorithm>

#include "heads/matmul.h"
#include "heads/training.h"

namespace offramp {
namespace {

constexpr int64_t kRowsAtOnce = 256;

}  // namespace

const std::vector<HeadKind>& head_family() {
  static const std::vector<HeadKind> family = {{"linear_gap", Pooling::kGap, 0},
                                               {"linear_gap_gmp", Pooling::kGapGmp, 0},
                                               {"mlp_gap_gmp", Pooling::kGapGmp, 128},
                                               {"mlp_grid", Pooling::kGrid, 128}};
  return family;
}

int64_t Head::macs() const { return kind.hidden > 0 ? kind.hidden * (inputs + classes) : inputs * classes; }

int64_t Head::parameters() const { return int64_t(w1.size() + b1.size() + w2.size() + b2.size()); }

Tensor Head::logits(const Tensor& features) const {
  OFFRAMP_CHECK(features.dims().size() == 2 && features.dims()[1] == inputs);
  const int64_t rows = features.dims()[0];
  const int64_t width = kind.hidden > 0 ? kind.hidden : classes;
  Tensor first(DType::kF32, {rows, width});
  auto values = first.mutable_data<float>();
  for (int64_t r = 0; r < rows; ++r) std::copy(b1.begin(), b1.end(), values.begin() + r * width);
  matmul_add(rows, width, inputs, row_major(features.data<float>().data(), inputs), transposed(w1.data(), inputs),
             values.data(), width);
  if (kind.hidden == 0) return first;
  for (float& v : values) v = std::max(v, 0.0f);
  Tensor out(DType::kF32, {rows, classes});
  auto logits = out.mutable_data<float>();
  for (int64_t r = 0; r < rows; ++r) std::copy(b2.begin(), b2.end(), logits.begin() + r * classes);
  matmul_add(rows, classes, kind.hidden, row_major(values.data(), kind.hidden), transposed(w2.data(), kind.hidden),
             logits.data(), classes);
  return out;
}

Tensor head_logits(const Head& head, const FeatureTable& table, int64_t exit_point) {
  FeatureReader reader(table, exit_point, head.kind.pooling);
  OFFRAMP_CHECK(reader.columns() == head.inputs);
  const int64_t rows = table.rows();
  Tensor all(DType::kF32, {rows, head.classes});
  auto out = all.mutable_data<float>();
  for (int64_t first = 0; first < rows; first += kRowsAtOnce) {
    const int64_t count = std::min(kRowsAtOnce, rows - first);
    Tensor features(DType::kF32, {count, head.inputs});
    auto values = features.mutable_data<float>();
    for (int64_t r = 0; r < count; ++r) reader.read(first + r, values.data() + r * head.inputs);
    const Tensor logits = head.logits(features);
    std::copy_n(logits.data<float>().begin(), count * head.classes, out.begin() + first * head.classes);
  }
  return all;
}

}  // namespace offramp
