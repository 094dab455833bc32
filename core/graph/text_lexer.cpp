// Words of the graph's text form: names, quoted texts, numbers.
#include "graph/text_lexer.h"

#include <cerrno>
#include <cstdlib>

namespace offramp {
namespace {

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_./:-+$@").find(c) != std::string_view::npos;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void TextLexer::skip_space() {
  while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r'))
    rest_.remove_prefix(1);
  if (peek() == '#') rest_ = {};
}

bool TextLexer::accept(char c) {
  if (peek() != c) return false;
  rest_.remove_prefix(1);
  skip_space();
  return true;
}

std::string_view TextLexer::bare_word() const {
  size_t size = 0;
  while (size < rest_.size() && is_word_char(rest_[size])) ++size;
  return rest_.substr(0, size);
}

bool TextLexer::accept_word(std::string_view word) {
  if (bare_word() != word) return false;
  rest_.remove_prefix(word.size());
  skip_space();
  return true;
}

Error TextLexer::unexpected(std::string_view what) const {
  std::string_view got = bare_word();
  if (got.empty()) got = rest_.substr(0, 1);
  return invalid_model("expected " + std::string(what) + ", got " +
                       (got.empty() ? "the end of the line" : "\"" + std::string(got.substr(0, 40)) + "\""));
}

Status TextLexer::expect(char c) {
  if (accept(c)) return {};
  return unexpected("\"" + std::string(1, c) + "\"");
}

Result<std::string> TextLexer::name(std::string_view what) {
  if (next_is_quoted()) return quoted_text();
  const std::string_view word = bare_word();
  if (word.empty()) return unexpected(what);
  rest_.remove_prefix(word.size());
  skip_space();
  return std::string(word);
}

Result<std::string> TextLexer::quoted_text() {
  if (!next_is_quoted()) return unexpected("text in double quotes");
  std::string text;
  size_t i = 1;
  for (; i < rest_.size() && rest_[i] != '"'; ++i) {
    if (rest_[i] != '\\') {
      text += rest_[i];
      continue;
    }
    const char escape = ++i < rest_.size() ? rest_[i] : '\0';
    if (escape == '"' || escape == '\\') {
      text += escape;
    } else if (escape == 'n') {
      text += '\n';
    } else if (escape == 'x' && i + 2 < rest_.size() && hex_digit(rest_[i + 1]) >= 0 && hex_digit(rest_[i + 2]) >= 0) {
      text += char(hex_digit(rest_[i + 1]) * 16 + hex_digit(rest_[i + 2]));
      i += 2;
    } else {
      return invalid_model("expected \\\", \\\\, \\n or \\xHH in a text");
    }
  }
  if (i >= rest_.size()) return invalid_model("a text lacks its closing quote");
  rest_.remove_prefix(i + 1);
  skip_space();
  return text;
}

Result<int64_t> TextLexer::integer(std::string_view what) {
  const TextLexer before = *this;
  const auto got = number();
  if (got && !got->is_float) return got->integer;
  return before.unexpected(what);
}

Result<TextLexer::Number> TextLexer::number() {
  const std::string word(bare_word());
  if (word.empty()) return unexpected("a number");
  Number result;
  const char* end = word.c_str() + word.size();
  char* stop = nullptr;
  const bool special = word == "inf" || word == "-inf" || word == "nan";
  const bool decimal = word.find_first_not_of("0123456789+-.eE") == std::string::npos;
  if (!special && !decimal) return unexpected("a number");
  result.is_float = special || word.find_first_of(".eE") != std::string::npos;
  if (result.is_float) {
    result.number = std::strtod(word.c_str(), &stop);
    result.single = std::strtof(word.c_str(), &stop);
  } else {
    errno = 0;
    result.integer = std::strtoll(word.c_str(), &stop, 10);
    if (errno == ERANGE) return invalid_model("integer " + word + " does not fit in 64 bits");
    result.number = double(result.integer);
    result.single = float(result.integer);
  }
  if (stop != end) return unexpected("a number");
  rest_.remove_prefix(word.size());
  skip_space();
  return result;
}

bool is_bare_word(std::string_view word) {
  if (word.empty() || word == "_") return false;
  for (char c : word)
    if (!is_word_char(c)) return false;
  return true;
}

std::string quote_text(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (uint8_t(c) < 32 || uint8_t(c) == 127) {
      quoted += "\\x";
      quoted += kHex[uint8_t(c) >> 4];
      quoted += kHex[uint8_t(c) & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace offramp
