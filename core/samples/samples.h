// Raw samples and labels: their preprocessing into model inputs, and their split into parts.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/tensor.h"

namespace offramp {

// The steps of a dataset description (DESIGN section 8). The same steps go into the package, so that a deployed
// package takes raw samples.
class Preprocess {
 public:
  // Shapes: a JSON array of {"op": "scale" | "normalize" | "standardize" | "transpose" | "reshape", ...}.
  // Errors: kInvalidData naming the step and the key.
  static Result<Preprocess> parse(const Json& steps);
  Json to_json() const;
  bool empty() const { return steps_.empty(); }

  // Raw samples of any numeric type [n, ...] to f32 model inputs [n, ...].
  // Errors: kInvalidData naming the step whose shape does not fit.
  Result<Tensor> apply(const Tensor& raw) const;
  // The shape that apply() gives for raw samples of that shape. Errors: as apply().
  Result<Dims> output_dims(const Dims& raw) const;

  struct Scale { float by; };
  // (x - mean) / std; each list has one entry, or one per index of the axis, which is not that of the rows.
  struct Normalize { std::vector<float> mean, std; int64_t axis; };
  // Per sample, population deviation: (x - mean) / (deviation + epsilon).
  struct Standardize { float epsilon; };
  struct Transpose { std::vector<int64_t> axes; };   // axes[0] is 0: rows stay rows
  struct Reshape { std::vector<int64_t> shape; };    // shape[0] is -1, the rows; all others are positive
  using Step = std::variant<Scale, Normalize, Standardize, Transpose, Reshape>;

 private:
  std::vector<Step> steps_;
};

// Row numbers of each part, ascending. Every row is in exactly one.
struct Split {
  std::vector<int32_t> train, select, certify, test;
};
// Relative sizes; only their ratios count.
struct SplitShares {
  double train = 0.5, select = 0.25, certify = 0.0, test = 0.25;
};
// Stratified by label and seeded; rows of one group (if groups are given) stay in one part.
// Errors: kInvalidData if there are fewer than two classes, fewer than 10 rows a part that has a share, or sizes differ;
// kInvalidArgument for shares that are negative, not finite, or all 0.
Result<Split> split_rows(std::span<const int32_t> labels, std::span<const int64_t> groups, const SplitShares& shares, uint64_t seed);

// Deals rows into `folds` parts of equal size, seeded: classes spread evenly, rows of one group (if groups are given) together.
// Returns the fold of each row. Errors: kInvalidArgument unless 2 <= folds <= 255; kInvalidData if sizes differ.
Result<std::vector<uint8_t>> deal_folds(std::span<const int32_t> labels, std::span<const int64_t> groups, int folds, uint64_t seed);

}  // namespace offramp
