// The wire form is walked with just enough of onnx.proto to know which fields are messages. Other fields are copied.
#include "onnx/wire_check.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace offramp {
namespace {

enum class Kind : uint8_t {
  kLeaf,  // not a message that onnx.proto knows
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
  kValueInfo,
  kType,
  kTypeOf,  // sequence, map, optional
  kTensorType,
  kShape,
  kTraining,
  kFunction,
  kAnnotation,
  kFlat,  // a message that holds no messages
};

struct Child {
  Kind parent;
  uint32_t field;
  Kind kind;
};

// Source: onnx.proto.
constexpr Child kChildren[] = {
    {Kind::kModel, 7, Kind::kGraph},          {Kind::kModel, 8, Kind::kFlat},
    {Kind::kModel, 14, Kind::kFlat},          {Kind::kModel, 20, Kind::kTraining},
    {Kind::kModel, 25, Kind::kFunction},      {Kind::kGraph, 1, Kind::kNode},
    {Kind::kGraph, 5, Kind::kTensor},         {Kind::kGraph, 11, Kind::kValueInfo},
    {Kind::kGraph, 12, Kind::kValueInfo},     {Kind::kGraph, 13, Kind::kValueInfo},
    {Kind::kGraph, 14, Kind::kAnnotation},    {Kind::kGraph, 15, Kind::kSparseTensor},
    {Kind::kNode, 5, Kind::kAttribute},       {Kind::kAttribute, 5, Kind::kTensor},
    {Kind::kAttribute, 6, Kind::kGraph},      {Kind::kAttribute, 10, Kind::kTensor},
    {Kind::kAttribute, 11, Kind::kGraph},     {Kind::kAttribute, 14, Kind::kType},
    {Kind::kAttribute, 15, Kind::kType},      {Kind::kAttribute, 22, Kind::kSparseTensor},
    {Kind::kAttribute, 23, Kind::kSparseTensor}, {Kind::kTensor, 3, Kind::kFlat},
    {Kind::kTensor, 13, Kind::kFlat},         {Kind::kSparseTensor, 1, Kind::kTensor},
    {Kind::kSparseTensor, 2, Kind::kTensor},  {Kind::kValueInfo, 2, Kind::kType},
    {Kind::kType, 1, Kind::kTensorType},      {Kind::kType, 4, Kind::kTypeOf},
    {Kind::kType, 5, Kind::kTypeOf},          {Kind::kType, 8, Kind::kTensorType},
    {Kind::kType, 9, Kind::kTypeOf},          {Kind::kTypeOf, 1, Kind::kType},
    {Kind::kTypeOf, 2, Kind::kType},          {Kind::kAnnotation, 2, Kind::kFlat},
    {Kind::kTensorType, 2, Kind::kShape},     {Kind::kShape, 1, Kind::kFlat},
    {Kind::kTraining, 1, Kind::kGraph},       {Kind::kTraining, 2, Kind::kGraph},
    {Kind::kTraining, 3, Kind::kFlat},        {Kind::kTraining, 4, Kind::kFlat},
    {Kind::kFunction, 7, Kind::kNode},        {Kind::kFunction, 9, Kind::kFlat},
};

Kind child_kind(Kind parent, uint32_t field) {
  for (const Child& child : kChildren)
    if (child.parent == parent && child.field == field) return child.kind;
  return Kind::kLeaf;
}

// Below protobuf's own limit of 100, and above what 16 nested subgraphs (three messages each) and a type need.
constexpr int kMaxDepth = 64;
constexpr size_t kItemsPerNode = 20;  // length-delimited fields: names, tensors, attributes

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kStartGroup = 3, kEndGroup = 4, kFixed32 = 5 };

constexpr uint32_t kRawData = 9;  // TensorProto.raw_data

// The source through a window, since it is read in pieces of a few bytes.
class Window {
 public:
  explicit Window(const ByteSource& source) : source_(source) {}

  uint8_t operator[](size_t at) {
    if (at - begin_ >= bytes_.size()) {
      begin_ = at;
      bytes_.resize(std::min(kSize, source_.size() - at));
      source_.read(at, bytes_);
    }
    return bytes_[at - begin_];
  }

 private:
  static constexpr size_t kSize = 16 << 10;
  const ByteSource& source_;
  std::vector<uint8_t> bytes_;
  size_t begin_ = 0;
};

class Walker {
 public:
  Walker(const ByteSource& source, const ImportLimits& limits) : source_(source), bytes_(source), limits_(limits) {}

  std::string stripped;

  Status walk(Kind kind, size_t begin, size_t end, int depth, int nesting) {
    if (nesting > limits_.max_nesting)
      return limit_exceeded("subgraphs nest deeper than " + std::to_string(limits_.max_nesting) + " levels");
    if (depth > kMaxDepth)
      return limit_exceeded("messages nest deeper than " + std::to_string(kMaxDepth) + " levels");
    size_t at = begin;
    while (at < end) {
      const size_t start = at;
      uint64_t key = 0;
      if (!read_varint(at, end, key) || key > UINT32_MAX || key >> 3 == 0) return broken(start);
      copy(start, at);
      OFFRAMP_RETURN_IF_ERROR(walk_field(kind, uint32_t(key >> 3), WireType(key & 7), at, end, depth, nesting));
    }
    return {};
  }

 private:
  Status walk_field(Kind kind, uint32_t field, WireType type, size_t& at, size_t end, int depth, int nesting) {
    const size_t start = at;
    uint64_t length = 0;
    switch (type) {
      case WireType::kVarint:
        if (!read_varint(at, end, length)) return broken(start);
        copy(start, at);
        return {};
      case WireType::kFixed64: length = 8; break;
      case WireType::kFixed32: length = 4; break;
      case WireType::kBytes:
        if (!read_varint(at, end, length)) return broken(start);
        break;
      default: return broken(start);  // groups: ONNX has none
    }
    if (length > end - at) return broken(start);
    const size_t inner = at;
    at += size_t(length);
    if (type != WireType::kBytes) {
      copy(start, at);
      return {};
    }
    const Kind child = child_kind(kind, field);
    if (child == Kind::kNode && ++nodes_ > limits_.max_nodes)
      return limit_exceeded("the model has more than " + std::to_string(limits_.max_nodes) + " nodes");
    if (++items_ > kItemsPerNode * limits_.max_nodes)
      return limit_exceeded("the model has more than " + std::to_string(kItemsPerNode * limits_.max_nodes) +
                            " names, attributes and tensors");
    if (child == Kind::kLeaf) {
      if (kind == Kind::kTensor && field == kRawData) write_range({inner, length});
      else copy(start, at);
      return {};
    }
    // The length is known when the message has been written: room for the longest that protobuf reads.
    const size_t length_at = stripped.size();
    stripped.append(kLengthBytes, '\0');
    OFFRAMP_RETURN_IF_ERROR(
        walk(child, inner, at, depth + 1, nesting + (child == Kind::kGraph && kind == Kind::kAttribute)));
    size_t written = stripped.size() - length_at - kLengthBytes;
    for (size_t i = 0; i < kLengthBytes; ++i, written >>= 7)
      stripped[length_at + i] = char((written & 0x7f) | (i + 1 < kLengthBytes ? 0x80 : 0));
    return {};
  }

  bool read_varint(size_t& at, size_t end, uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && at < end; shift += 7) {
      const uint8_t byte = bytes_[at++];
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  void copy(size_t begin, size_t end) {
    constexpr size_t kShort = 64;  // from the window
    const size_t old = stripped.size();
    if (end - begin <= kShort) {
      for (size_t at = begin; at < end; ++at) stripped.push_back(char(bytes_[at]));
      return;
    }
    stripped.resize(old + (end - begin));
    source_.read(begin, {reinterpret_cast<uint8_t*>(stripped.data()) + old, end - begin});
  }

  void write_range(RawRange range) {
    stripped.push_back(char(sizeof(range)));
    stripped.append(reinterpret_cast<const char*>(&range), sizeof(range));
  }

  static Error broken(size_t at) {
    return invalid_model("not an ONNX model, or a damaged one: the bytes at offset " + std::to_string(at) +
                         " are not protobuf");
  }

  static constexpr size_t kLengthBytes = 5;
  const ByteSource& source_;
  Window bytes_;
  const ImportLimits& limits_;
  size_t nodes_ = 0;
  size_t items_ = 0;
};

}  // namespace

Result<RawRange> read_raw_range(const std::string& raw_data, const ByteSource& source) {
  RawRange range;
  if (raw_data.size() == sizeof(range)) std::memcpy(&range, raw_data.data(), sizeof(range));
  const bool written = raw_data.size() == sizeof(range) && range.size <= source.size() &&
                       range.offset <= source.size() - range.size;
  if (!written) return internal_error("raw_data that strip_wire did not replace");
  return range;
}

Result<std::string> strip_wire(const ByteSource& source, const ImportLimits& limits) {
  Walker walker(source, limits);
  OFFRAMP_RETURN_IF_ERROR(walker.walk(Kind::kModel, 0, source.size(), 0, 0));
  return std::move(walker.stripped);
}

}  // namespace offramp
