// Decodes UTF-8 strictly: over-long forms, surrogates and what lies past U+10FFFF are escaped byte by byte.
#include "onnx/names.h"

#include <cstdint>

namespace offramp {
namespace {

constexpr size_t kMaxBytes = 1024;

// Length of the well-formed, printable character at the front, 0 if there is none.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : uint8_t{0}; };
  const uint8_t first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const uint8_t second = byte(1);
  const bool over_long = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool outside = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
  const bool c1_control = first == 0xc2 && second < 0xa0;
  return over_long || outside || c1_control ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  size_t i = 0;
  while (i < text.size() && out.size() < kMaxBytes) {
    if (const size_t length = character_length(text.substr(i))) {
      out.append(text.substr(i, length));
      i += length;
      continue;
    }
    const auto bad = uint8_t(text[i++]);
    out += {'\\', 'x', kHex[bad >> 4], kHex[bad & 15]};
  }
  if (i < text.size()) out += "...";
  return out;
}

std::string quoted(std::string_view text) { return "\"" + printable(text) + "\""; }

}  // namespace offramp
