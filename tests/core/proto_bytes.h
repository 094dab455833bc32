// ONNX models as bytes, written field by field: tests need models that no exporter would write, and must not see the
// library that the importer reads them with. Field numbers are onnx.proto's.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace offramp::proto {

// A protobuf message under way.
struct Message {
  std::string bytes;

  Message& number(uint32_t field, int64_t value) {
    varint(field << 3);
    varint(uint64_t(value));
    return *this;
  }
  Message& text(uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes += value;
    return *this;
  }
  Message& add(uint32_t field, const Message& message) { return text(field, message.bytes); }
  Message& real(uint32_t field, float value) {
    varint(field << 3 | 5);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Message& packed(uint32_t field, const std::vector<int64_t>& values) {
    Message list;
    for (int64_t value : values) list.varint(uint64_t(value));
    return text(field, list.bytes);
  }
  std::vector<uint8_t> vector() const { return {bytes.begin(), bytes.end()}; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes += char(value | 0x80);
    bytes += char(value);
  }
};

// TensorProto.DataType
inline constexpr int kFloat = 1, kUint8 = 2, kInt8 = 3, kInt32 = 6, kInt64 = 7, kString = 8, kBool = 9, kFloat16 = 10,
                     kDouble = 11, kUint32 = 12, kBfloat16 = 16;

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// Without data.
inline Message tensor_head(const std::string& name, int type, const std::vector<int64_t>& dims) {
  Message tensor;
  for (int64_t dim : dims) tensor.number(1, dim);
  return tensor.number(2, type).text(8, name);
}
inline Message tensor(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values) {
  return tensor_head(name, kFloat, dims).text(9, raw(values));
}

// A dimension of -1 is open and named "N".
inline Message value_info(const std::string& name, int type, const std::vector<int64_t>& dims) {
  Message shape, tensor_type, type_proto, info;
  for (int64_t dim : dims) {
    Message dimension;
    if (dim == -1) dimension.text(2, "N");
    else dimension.number(1, dim);
    shape.add(1, dimension);
  }
  tensor_type.number(1, type).add(2, shape);
  type_proto.add(1, tensor_type);
  return info.text(1, name).add(2, type_proto);
}

inline Message node(const std::string& op, const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs, const std::string& name = "",
                    const std::vector<Message>& attributes = {}) {
  Message message;
  for (const std::string& input : inputs) message.text(1, input);
  for (const std::string& output : outputs) message.text(2, output);
  if (!name.empty()) message.text(3, name);
  message.text(4, op);
  for (const Message& attribute : attributes) message.add(5, attribute);
  return message;
}

inline Message integer_attribute(const std::string& name, int64_t value) {
  return Message().text(1, name).number(3, value).number(20, 2);
}
inline Message integers_attribute(const std::string& name, const std::vector<int64_t>& values) {
  return Message().text(1, name).packed(8, values).number(20, 7);
}
inline Message tensor_attribute(const std::string& name, const Message& tensor) {
  return Message().text(1, name).add(5, tensor).number(20, 4);
}

struct GraphParts {
  std::vector<Message> nodes, constants, inputs, outputs;
  std::vector<Message> sparse, annotations;
};

inline Message graph(const GraphParts& parts) {
  Message message;
  for (const Message& part : parts.nodes) message.add(1, part);
  message.text(2, "g");
  for (const Message& part : parts.constants) message.add(5, part);
  for (const Message& part : parts.inputs) message.add(11, part);
  for (const Message& part : parts.outputs) message.add(12, part);
  for (const Message& part : parts.annotations) message.add(14, part);
  for (const Message& part : parts.sparse) message.add(15, part);
  return message;
}

inline Message model(const Message& graph, int64_t opset = 17, const std::string& domain = "") {
  Message import, message;
  if (!domain.empty()) import.text(1, domain);
  import.number(2, opset);
  return message.number(1, 8).add(7, graph).add(8, import);
}

// x [N, 2] -> Relu "act" -> y, to vary.
inline GraphParts relu_parts() {
  return {{node("Relu", {"x"}, {"y"}, "act")}, {}, {value_info("x", kFloat, {-1, 2})},
          {value_info("y", kFloat, {-1, 2})},  {}, {}};
}
// x [N, 2] -> Add(w) "sum" -> y, with that constant.
inline GraphParts add_parts(const Message& constant) {
  return {{node("Add", {"x", "w"}, {"y"}, "sum")}, {constant}, {value_info("x", kFloat, {-1, 2})},
          {value_info("y", kFloat, {-1, 2})},      {},         {}};
}
inline std::vector<uint8_t> model_bytes(const GraphParts& parts, int64_t opset = 17) {
  return model(graph(parts), opset).vector();
}

}  // namespace offramp::proto
