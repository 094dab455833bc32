// Checks of a node's inputs and attributes that several kernels share.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "exec/reference/kernels.h"

namespace offramp::reference {

// Ranks above this are refused, so that index arithmetic per element stays bounded.
inline constexpr size_t kMaxRank = 16;
// Work per node, in inner-loop steps: more than any classifier needs, little enough to end.
inline constexpr double kMaxWork = 0x1p38;

// Errors: kInvalidModel if one of the first `required` inputs is absent or there are more than `allowed`.
Status expect_inputs(Inputs inputs, size_t required, size_t allowed);
// The input, or null if it is absent.
const Tensor* optional_input(Inputs inputs, size_t index);
// Errors: kUnsupported naming the role and the type seen.
Status expect_dtype(const Tensor& tensor, DType dtype, const char* role);
Status expect_work(double steps);

// A zero-filled output. Errors: kLimitExceeded for too many elements, kUnsupported for too many dimensions.
Result<Tensor> create_output(DType dtype, Dims dims);
std::vector<Tensor> one(Tensor tensor);
// shapes.cpp. Rounds towards zero; what does not fit an integer type saturates from floats and wraps from integers.
Result<Tensor> cast_tensor(const Tensor& x, DType dtype);

// Elements of an i64 or i32 tensor with at most one dimension. Errors: kInvalidModel naming the role.
Result<std::vector<int64_t>> integers_of(const Tensor& tensor, const char* role);
// An i64 or i32 tensor of any shape and size, element by element. Errors: kInvalidModel naming the role.
Result<std::vector<int64_t>> all_integers_of(const Tensor& tensor, const char* role);
// Indices into an axis of that size, negative ones counted from its end. Errors: kInvalidModel.
Result<int64_t> read_position(int64_t index, int64_t size);
Result<std::vector<int64_t>> read_positions(const Tensor& indices, int64_t size);
// `axis` in [-rank, rank) as one in [0, rank). Errors: kInvalidModel.
Result<int64_t> normal_axis(int64_t axis, size_t rank);
// The same for a list without repetition, in its order.
Result<std::vector<int64_t>> normal_axes(const std::vector<int64_t>& axes, size_t rank);

}  // namespace offramp::reference
