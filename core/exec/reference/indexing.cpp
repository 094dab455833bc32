#include "exec/reference/indexing.h"

#include <cstring>

#include "exec/reference/arguments.h"

namespace offramp::reference {
namespace {

template <class T>
void copy_row(const std::byte* from, int64_t stride, std::byte* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(to + i * int64_t(sizeof(T)), from + i * stride * int64_t(sizeof(T)), sizeof(T));
}

void copy_row(const std::byte* from, int64_t stride, std::byte* to, int64_t count, size_t size) {
  if (stride == 1) {
    std::memcpy(to, from, size_t(count) * size);
  } else if (size == 1) {
    copy_row<uint8_t>(from, stride, to, count);
  } else if (size == 2) {
    copy_row<uint16_t>(from, stride, to, count);
  } else if (size == 4) {
    copy_row<uint32_t>(from, stride, to, count);
  } else {
    copy_row<uint64_t>(from, stride, to, count);
  }
}

}  // namespace

Dims strides_of(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

bool advance(Dims& index, const Dims& dims, size_t inner) {
  for (size_t i = dims.size() - inner; i-- > 0;) {
    if (++index[i] < dims[i]) return true;
    index[i] = 0;
  }
  return false;
}

Result<Dims> broadcast_dims(const Dims& a, const Dims& b) {
  const size_t rank = std::max(a.size(), b.size());
  Dims out(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t x = i + a.size() >= rank ? a[i + a.size() - rank] : 1;
    const int64_t y = i + b.size() >= rank ? b[i + b.size() - rank] : 1;
    if (x != y && x != 1 && y != 1)
      return invalid_model("shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
    out[i] = x == 1 ? y : x;
  }
  return out;
}

Dims broadcast_strides(const Dims& from, const Dims& to) {
  const Dims own = strides_of(from);
  Dims strides(to.size(), 0);
  const size_t lead = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) strides[lead + i] = from[i] == 1 ? 0 : own[i];
  return strides;
}

Result<Tensor> copy_strided(const Tensor& source, int64_t offset, const Dims& strides, Dims dims) {
  OFFRAMP_TRY(Tensor out, create_output(source.dtype(), std::move(dims)));
  if (out.elements() == 0) return out;
  const size_t size = byte_size(source.dtype());
  const Dims& shape = out.dims();
  const int64_t row = shape.empty() ? 1 : shape.back();
  const int64_t row_stride = shape.empty() ? 1 : strides.back();
  const std::byte* from = source.raw();
  std::byte* to = out.mutable_raw();
  Dims index(shape.size(), 0);
  do {
    int64_t position = offset;
    for (size_t i = 0; i + 1 < shape.size(); ++i) position += index[i] * strides[i];
    copy_row(from + position * int64_t(size), row_stride, to, row, size);
    to += row * int64_t(size);
  } while (!shape.empty() && advance(index, shape, 1));
  return out;
}

Status expect_aligned(const Dims& data, const Dims& indices, size_t axis) {
  bool fits = data.size() == indices.size();
  for (size_t i = 0; fits && i < data.size(); ++i) fits = i == axis || indices[i] <= data[i];
  if (fits) return {};
  return invalid_model("indices " + to_string(indices) + " do not fit data " + to_string(data) + " along axis " +
                       std::to_string(axis));
}

Result<IndexedBlocks> index_blocks(const Dims& data, const Tensor& indices, size_t batch) {
  const Dims& dims = indices.dims();
  if (dims.empty() || dims.back() < 1 || size_t(dims.back()) > data.size() - batch)
    return invalid_model("indices " + to_string(dims) + " do not name axes of data " + to_string(data));
  OFFRAMP_TRY(const auto values, all_integers_of(indices, "indices"));
  const auto depth = size_t(dims.back());
  const Dims strides = strides_of(data);
  IndexedBlocks blocks;
  for (size_t i = batch + depth; i < data.size(); ++i) blocks.size *= data[i];
  int64_t shared = 1, batch_size = 1;  // how many batches there are, and how large each is
  for (size_t i = 0; i < batch; ++i) shared *= data[i];
  for (size_t i = batch; i < data.size(); ++i) batch_size *= data[i];
  const size_t rows = values.size() / depth;
  for (size_t row = 0; row < rows; ++row) {
    int64_t start = int64_t(row / (rows / size_t(shared))) * batch_size;
    for (size_t i = 0; i < depth; ++i) {
      OFFRAMP_TRY(const int64_t at, read_position(values[row * depth + i], data[batch + i]));
      start += at * strides[batch + i];
    }
    blocks.starts.push_back(start);
  }
  return blocks;
}

}  // namespace offramp::reference
