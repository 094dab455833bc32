// Parser of the graph's text form; the printer is in text_print.cpp. One statement per line; a name must be made before
// it is read, so a parsed graph is in topological order.
#include "graph/text.h"

#include <cstring>

#include "base/rng.h"
#include "graph/text_lexer.h"

namespace offramp {
namespace {

constexpr DType kAllTypes[] = {DType::kF32, DType::kF64, DType::kF16, DType::kI64, DType::kI32,
                               DType::kI16, DType::kI8,  DType::kU16, DType::kU8,  DType::kBool};

// Of all constants together: enough for the largest test networks, and a short text cannot ask for gigabytes.
constexpr int64_t kMaxConstantElements = int64_t{1} << 26;

std::optional<DType> accept_dtype(TextLexer& line) {
  for (DType dtype : kAllTypes)
    if (line.accept_word(to_string(dtype))) return dtype;
  return std::nullopt;
}

void store(Tensor& tensor, int64_t index, const TextLexer::Number& number) {
  std::byte* at = tensor.mutable_raw() + size_t(index) * byte_size(tensor.dtype());
  const auto put = [at](auto value) { std::memcpy(at, &value, sizeof(value)); };
  const int64_t whole = number.is_float ? 0 : number.integer;
  switch (tensor.dtype()) {
    case DType::kF32: return put(number.single);
    case DType::kF64: return put(number.number);
    case DType::kF16: return put(float_to_half(number.single));
    case DType::kI64: return put(whole);
    case DType::kI32: return put(int32_t(whole));
    case DType::kI16: case DType::kU16: return put(uint16_t(whole));
    case DType::kI8: case DType::kU8: return put(uint8_t(whole));
    case DType::kBool: return put(uint8_t(whole != 0));
  }
}

bool is_float_type(DType dtype) { return dtype == DType::kF32 || dtype == DType::kF64 || dtype == DType::kF16; }

class Parser {
 public:
  Result<Graph> parse(std::string_view text) {
    int line_number = 0;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      TextLexer line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line_number;
      if (line.at_end()) continue;
      OFFRAMP_RETURN_IF_ERROR(whole_line(line).within("line " + std::to_string(line_number)));
    }
    if (!has_header_) return invalid_model("expected \"graph NAME opset NUMBER\" first, got no statement at all");
    OFFRAMP_RETURN_IF_ERROR(validate(graph_));
    return std::move(graph_);
  }

 private:
  Status whole_line(TextLexer& line) {
    OFFRAMP_RETURN_IF_ERROR(statement(line));
    return line.at_end() ? Status() : line.unexpected("the end of the line");
  }

  Status statement(TextLexer& line) {
    // A value may be called "input" too: then its statement goes on with "=" or ",".
    const auto keyword = [&line](std::string_view word) {
      TextLexer ahead = line;
      if (!ahead.accept_word(word) || ahead.peek() == '=' || ahead.peek() == ',') return false;
      line = ahead;
      return true;
    };
    if (!has_header_) {
      if (!line.accept_word("graph")) return line.unexpected("\"graph NAME opset NUMBER\"");
      return header(line);
    }
    if (keyword("input")) return input(line);
    if (keyword("const")) return constant(line);
    if (keyword("output")) return output(line);
    return node(line);
  }

  Status header(TextLexer& line) {
    has_header_ = true;
    OFFRAMP_TRY(graph_.name, line.name("the graph's name"));
    if (!line.accept_word("opset")) return line.unexpected("\"opset\"");
    OFFRAMP_TRY(graph_.opset, line.integer("the opset's number"));
    return {};
  }

  Status input(TextLexer& line) {
    OFFRAMP_TRY(const std::string name, new_name(line));
    const auto dtype = accept_dtype(line);
    if (!dtype) return line.unexpected("a type such as f32");
    std::optional<Shape> shape;
    if (line.peek() == '[') {
      OFFRAMP_TRY(shape, parse_shape(line));
    }
    graph_.inputs.push_back(graph_.add_value(name, *dtype, std::move(shape)));
    return {};
  }

  Status constant(TextLexer& line) {
    OFFRAMP_TRY(const std::string name, new_name(line));
    OFFRAMP_TRY(Tensor tensor, parse_tensor(line, true));
    graph_.add_constant(name, std::move(tensor));
    return {};
  }

  Status output(TextLexer& line) {
    do {
      OFFRAMP_TRY(const ValueId id, known_value(line));
      graph_.outputs.push_back(id);
    } while (line.accept(','));
    return {};
  }

  Status node(TextLexer& line) {
    std::vector<std::string> made;
    do {
      if (line.accept_word("_")) {
        made.emplace_back();
        continue;
      }
      OFFRAMP_TRY(std::string name, new_name(line));
      for (const std::string& other : made)
        if (other == name) return invalid_model("\"" + name + "\" is made twice");
      made.push_back(std::move(name));
    } while (line.accept(','));
    OFFRAMP_RETURN_IF_ERROR(line.expect('='));
    Node node;
    OFFRAMP_TRY(node.op, line.name("an operator"));
    OFFRAMP_RETURN_IF_ERROR(line.expect('('));
    if (!line.accept(')')) {
      do {
        if (line.accept_word("_")) {
          node.inputs.emplace_back();
          continue;
        }
        OFFRAMP_TRY(const ValueId id, known_value(line));
        node.inputs.push_back(id);
      } while (line.accept(','));
      OFFRAMP_RETURN_IF_ERROR(line.expect(')'));
    }
    node.name = made.front();
    if (line.accept('{') && !line.accept('}')) {
      do {
        OFFRAMP_RETURN_IF_ERROR(attribute(line, node));
      } while (line.accept(','));
      OFFRAMP_RETURN_IF_ERROR(line.expect('}'));
    }
    for (const std::string& name : made) node.outputs.push_back(name.empty() ? ValueId{} : graph_.add_value(name));
    graph_.nodes.push_back(std::move(node));
    return {};
  }

  Status attribute(TextLexer& line, Node& node) {
    OFFRAMP_TRY(const std::string key, line.name("an attribute's name"));
    OFFRAMP_RETURN_IF_ERROR(line.expect('='));
    OFFRAMP_TRY(Attribute value, parse_attribute(line));
    if (key == "name") {
      if (!std::holds_alternative<std::string>(value)) return invalid_model("a node's name must be a text");
      node.name = std::get<std::string>(value);
      return {};
    }
    if (!node.attributes.emplace(key, std::move(value)).second)
      return invalid_model("attribute \"" + key + "\" is given twice");
    return {};
  }

  Result<Attribute> parse_attribute(TextLexer& line) {
    if (line.next_is_quoted()) {
      OFFRAMP_TRY(std::string text, line.quoted_text());
      return Attribute(std::move(text));
    }
    if (line.accept('[')) return parse_list(line);
    for (DType dtype : kAllTypes) {
      TextLexer ahead = line;
      if (!ahead.accept_word(to_string(dtype))) continue;
      OFFRAMP_TRY(Tensor tensor, parse_tensor(line, false));
      return Attribute(std::move(tensor));
    }
    OFFRAMP_TRY(const auto number, line.number());
    if (number.is_float) return Attribute(number.single);
    return Attribute(number.integer);
  }

  Result<Attribute> parse_list(TextLexer& line) {
    std::vector<int64_t> integers;
    std::vector<float> floats;
    std::vector<std::string> texts;
    bool any_float = false;
    if (line.accept(']')) return Attribute(std::move(integers));
    const bool is_text = line.next_is_quoted();
    do {
      if (is_text) {
        OFFRAMP_TRY(std::string text, line.quoted_text());
        texts.push_back(std::move(text));
        continue;
      }
      OFFRAMP_TRY(const auto number, line.number());
      any_float |= number.is_float;
      integers.push_back(number.integer);
      floats.push_back(number.single);
    } while (line.accept(','));
    OFFRAMP_RETURN_IF_ERROR(line.expect(']'));
    if (is_text) return Attribute(std::move(texts));
    if (any_float) return Attribute(std::move(floats));
    return Attribute(std::move(integers));
  }

  Result<Shape> parse_shape(TextLexer& line) {
    Shape shape;
    OFFRAMP_RETURN_IF_ERROR(line.expect('['));
    if (line.accept(']')) return shape;
    do {
      if (line.accept('?')) {
        shape.push_back({-1, false});
        continue;
      }
      if (line.accept_word("N")) {
        shape.push_back({1, true});
        continue;
      }
      const TextLexer before = line;
      OFFRAMP_TRY(std::string word, line.name("a dimension"));
      const bool per_sample = !word.empty() && word.back() == 'N';
      if (per_sample) word.pop_back();
      TextLexer digits(word);
      const auto size = digits.integer("a dimension");
      if (!size || !digits.at_end() || *size < 0) return before.unexpected("a dimension such as 3, N, 4N or ?");
      shape.push_back({*size, per_sample});
    } while (line.accept(','));
    OFFRAMP_RETURN_IF_ERROR(line.expect(']'));
    return shape;
  }

  // "f32 [2] = {1, 2}"; within attributes without the "=".
  Result<Tensor> parse_tensor(TextLexer& line, bool with_equals) {
    const auto dtype = accept_dtype(line);
    if (!dtype) return line.unexpected("a type such as f32");
    OFFRAMP_TRY(const Shape shape, parse_shape(line));
    Dims dims;
    for (Dim dim : shape) {
      if (dim.per_sample || dim.size < 0)
        return invalid_model("a constant's shape must be numbers, got " + to_string(shape));
      dims.push_back(dim.size);
    }
    OFFRAMP_TRY(const int64_t count, checked_element_count(dims));
    elements_ += count;
    if (elements_ > kMaxConstantElements)
      return limit_exceeded("the constants have more than " + std::to_string(kMaxConstantElements) +
                            " elements together");
    if (with_equals) OFFRAMP_RETURN_IF_ERROR(line.expect('='));
    return parse_elements(line, Tensor(*dtype, dims));
  }

  Result<Tensor> parse_elements(TextLexer& line, Tensor tensor) {
    if (line.accept_word("normal")) return parse_normal(line, std::move(tensor));
    if (line.accept_word("sha256"))
      return invalid_model("the constant was printed as its sha256 only; its elements are lost");
    const auto next = [&]() -> Result<TextLexer::Number> {
      OFFRAMP_TRY(const auto number, line.number());
      if (number.is_float && !is_float_type(tensor.dtype()))
        return invalid_model("a constant of type " + std::string(to_string(tensor.dtype())) + " takes integers only");
      return number;
    };
    if (!line.accept('{')) {
      OFFRAMP_TRY(const auto number, next());
      for (int64_t i = 0; i < tensor.elements(); ++i) store(tensor, i, number);
      return tensor;
    }
    int64_t count = 0;
    if (!line.accept('}')) {
      do {
        OFFRAMP_TRY(const auto number, next());
        if (count < tensor.elements()) store(tensor, count, number);
        ++count;
      } while (line.accept(','));
      OFFRAMP_RETURN_IF_ERROR(line.expect('}'));
    }
    if (count != tensor.elements())
      return invalid_model("expected " + std::to_string(tensor.elements()) + " elements, got " + std::to_string(count));
    return tensor;
  }

  Result<Tensor> parse_normal(TextLexer& line, Tensor tensor) {
    if (tensor.dtype() != DType::kF32) return invalid_model("normal() makes f32 constants only");
    OFFRAMP_RETURN_IF_ERROR(line.expect('('));
    OFFRAMP_TRY(const int64_t seed, line.integer("a seed"));
    OFFRAMP_RETURN_IF_ERROR(line.expect(')'));
    float scale = 1;
    if (line.accept('*')) {
      OFFRAMP_TRY(const auto number, line.number());
      scale = number.single;
    }
    Rng rng{uint64_t(seed)};
    for (float& element : tensor.mutable_data<float>()) element = rng.normal() * scale;
    return tensor;
  }

  Result<std::string> new_name(TextLexer& line) {
    OFFRAMP_TRY(std::string name, line.name("a name"));
    if (name.empty()) return invalid_model("a name must not be empty");
    if (graph_.find_value(name)) return invalid_model("\"" + name + "\" is made twice");
    return name;
  }

  Result<ValueId> known_value(TextLexer& line) {
    OFFRAMP_TRY(const std::string name, line.name("a value's name"));
    const ValueId id = graph_.find_value(name);
    if (!id) return invalid_model("no line above makes \"" + name + "\"");
    return id;
  }

  Graph graph_;
  bool has_header_ = false;
  int64_t elements_ = 0;
};

}  // namespace

Result<Graph> parse_graph(std::string_view text) { return Parser().parse(text); }

}  // namespace offramp
