// The wire form is walked with just enough of onnx.proto to know which fields are messages. Those of other fields
// are skipped by length.
#include "onnx/wire_check.h"

#include <string>

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

class Walker {
 public:
  Walker(std::span<const uint8_t> bytes, const ImportLimits& limits) : bytes_(bytes), limits_(limits) {}

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
        return read_varint(at, end, length) ? Status() : broken(start);
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
    if (type != WireType::kBytes) return {};
    const Kind child = child_kind(kind, field);
    if (child == Kind::kNode && ++nodes_ > limits_.max_nodes)
      return limit_exceeded("the model has more than " + std::to_string(limits_.max_nodes) + " nodes");
    if (++items_ > kItemsPerNode * limits_.max_nodes)
      return limit_exceeded("the model has more than " + std::to_string(kItemsPerNode * limits_.max_nodes) +
                            " names, attributes and tensors");
    if (child == Kind::kLeaf) return {};
    return walk(child, inner, at, depth + 1, nesting + (child == Kind::kGraph && kind == Kind::kAttribute));
  }

  bool read_varint(size_t& at, size_t end, uint64_t& value) const {
    value = 0;
    for (int shift = 0; shift < 64 && at < end; shift += 7) {
      const uint8_t byte = bytes_[at++];
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  static Error broken(size_t at) {
    return invalid_model("not an ONNX model, or a damaged one: the bytes at offset " + std::to_string(at) +
                         " are not protobuf");
  }

  std::span<const uint8_t> bytes_;
  const ImportLimits& limits_;
  size_t nodes_ = 0;
  size_t items_ = 0;
};

}  // namespace

Status check_wire(std::span<const uint8_t> bytes, const ImportLimits& limits) {
  return Walker(bytes, limits).walk(Kind::kModel, 0, bytes.size(), 0, 0);
}

}  // namespace offramp
