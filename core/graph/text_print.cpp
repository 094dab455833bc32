// Printer of the graph's text form; the parser is in text.cpp.
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/sha256.h"
#include "graph/text.h"
#include "graph/text_lexer.h"

namespace offramp {
namespace {

constexpr int64_t kMaxPrintedElements = 16;

template <class T>
std::string print_float(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  std::string text(buffer, end);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string print_element(const Tensor& tensor, int64_t index) {
  const std::byte* at = tensor.raw() + size_t(index) * byte_size(tensor.dtype());
  const auto get = [at]<class T>(T value) {
    std::memcpy(&value, at, sizeof(value));
    return value;
  };
  switch (tensor.dtype()) {
    case DType::kF32: return print_float(get(float()));
    case DType::kF64: return print_float(get(double()));
    case DType::kF16: return print_float(half_to_float(get(uint16_t())));
    case DType::kI64: return std::to_string(get(int64_t()));
    case DType::kI32: return std::to_string(get(int32_t()));
    case DType::kI16: return std::to_string(get(int16_t()));
    case DType::kI8: return std::to_string(get(int8_t()));
    case DType::kU16: return std::to_string(get(uint16_t()));
    case DType::kU8: case DType::kBool: return std::to_string(get(uint8_t()));
  }
  return "0";
}

std::string print_elements(const Tensor& tensor) {
  if (tensor.elements() > kMaxPrintedElements)
    return "sha256(" + sha256_hex(std::span(reinterpret_cast<const uint8_t*>(tensor.raw()), tensor.bytes())) + ")";
  std::string text = "{";
  for (int64_t i = 0; i < tensor.elements(); ++i) text += (i ? ", " : "") + print_element(tensor, i);
  return text + "}";
}

std::string print_name(const std::string& name) { return is_bare_word(name) ? name : quote_text(name); }

std::string print_tensor_type(const Tensor& tensor) {
  return std::string(to_string(tensor.dtype())) + " " + to_string(tensor.dims());
}

struct AttributePrinter {
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(float value) const { return print_float(value); }
  std::string operator()(const std::string& value) const { return quote_text(value); }
  std::string operator()(const Tensor& value) const { return print_tensor_type(value) + " " + print_elements(value); }
  std::string operator()(const std::vector<int64_t>& values) const { return list(values); }
  std::string operator()(const std::vector<float>& values) const { return list(values); }
  std::string operator()(const std::vector<std::string>& values) const { return list(values); }
  template <class T> std::string list(const std::vector<T>& values) const {
    std::string text = "[";
    for (size_t i = 0; i < values.size(); ++i) text += (i ? ", " : "") + (*this)(values[i]);
    return text + "]";
  }
};

std::string print_attribute(const Attribute& attribute) { return std::visit(AttributePrinter{}, attribute); }

std::string print_node(const Graph& graph, const Node& node) {
  const auto names = [&graph](const std::vector<ValueId>& ids) {
    std::string text;
    for (size_t i = 0; i < ids.size(); ++i)
      text += (i ? ", " : "") + (graph.contains(ids[i]) ? print_name(graph.value(ids[i]).name) : std::string("_"));
    return text;
  };
  std::string attributes;
  for (const auto& [key, value] : node.attributes)
    attributes += (attributes.empty() ? "" : ", ") + print_name(key) + " = " + print_attribute(value);
  const ValueId first = node.outputs.empty() ? ValueId{} : node.outputs.front();
  if (node.name != (graph.contains(first) ? graph.value(first).name : ""))
    attributes += (attributes.empty() ? "" : ", ") + ("name = " + quote_text(node.name));
  return names(node.outputs) + " = " + print_name(node.op) + "(" + names(node.inputs) + ")" +
         (attributes.empty() ? "" : " {" + attributes + "}");
}

}  // namespace

std::string print_graph(const Graph& graph) {
  std::string text = "graph " + print_name(graph.name) + " opset " + std::to_string(graph.opset) + "\n";
  for (ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    text += "input " + print_name(value.name) + " " + std::string(to_string(value.dtype));
    if (value.shape) text += " " + to_string(*value.shape);
    text += "\n";
  }
  for (const auto& [id, tensor] : graph.constants())
    text += "const " + print_name(graph.value(id).name) + " " + print_tensor_type(tensor) + " = " +
            print_elements(tensor) + "\n";
  for (const Node& node : graph.nodes) text += print_node(graph, node) + "\n";
  for (ValueId id : graph.outputs) text += "output " + print_name(graph.value(id).name) + "\n";
  return text;
}

}  // namespace offramp
