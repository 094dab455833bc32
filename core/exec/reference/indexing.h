// Strides, broadcasting and the one strided copy that all data movement is made of.
#pragma once
#include <cstdint>

#include "base/tensor.h"

namespace offramp::reference {

// Row-major strides in elements.
Dims strides_of(const Dims& dims);
// Counts `index` up like an odometer over all axes but the last `inner`; false after the last.
bool advance(Dims& index, const Dims& dims, size_t inner = 0);

// ONNX's multidirectional broadcasting. Errors: kInvalidModel with both shapes.
Result<Dims> broadcast_dims(const Dims& a, const Dims& b);
// Strides that read a tensor of shape `from` as if it had shape `to`. Precondition: it broadcasts to it.
Dims broadcast_strides(const Dims& from, const Dims& to);

// Copies elements at offset + sum(index * strides) of `source` into a new tensor of shape `dims`.
// Precondition: every index lies within `source`. Errors: kLimitExceeded, kUnsupported for the output's shape.
Result<Tensor> copy_strided(const Tensor& source, int64_t offset, const Dims& strides, Dims dims);

// Indices pick along `axis`; elsewhere they must lie within the data. Errors: kInvalidModel.
Status expect_aligned(const Dims& data, const Dims& indices, size_t axis);

// Where in the data the blocks begin that the rows of `indices` name, and their size in elements. Each row names as many
// leading axes as it is long, behind `batch` axes that data and indices share.
// Precondition: those are equal, and fewer than each has. Errors: kInvalidModel.
struct IndexedBlocks {
  std::vector<int64_t> starts;
  int64_t size = 1;
};
Result<IndexedBlocks> index_blocks(const Dims& data, const Tensor& indices, size_t batch);

}  // namespace offramp::reference
