#include "base/json.h"

#include <cmath>

namespace offramp {
namespace {

constexpr int kMaxDepth = 64;

Error bad_member(const Json& object, const char* key, const char* wanted, ErrorCode code) {
  if (!object.is_object()) return {code, std::string("expected an object with \"") + key + "\"", {}};
  if (!object.contains(key)) return {code, std::string("\"") + key + "\" is missing", {}};
  return {code, std::string("\"") + key + "\" must be " + wanted + ", got " + object[key].type_name(), {}};
}

}  // namespace

Result<Json> parse_json(std::string_view text, ErrorCode code) {
  // Depth first, by counting brackets: the parser recurses in its destructor.
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return Error{code, "JSON nests deeper than 64 levels", {}};
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Error{code, "not valid JSON", {}};
  return json;
}

Result<double> json_number(const Json& object, const char* key, ErrorCode code) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_number())
    return bad_member(object, key, "a number", code);
  return object[key].get<double>();
}

Result<int64_t> json_integer(const Json& object, const char* key, ErrorCode code) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_number_integer())
    return bad_member(object, key, "an integer", code);
  return object[key].get<int64_t>();
}

Result<std::string> json_string(const Json& object, const char* key, ErrorCode code) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string())
    return bad_member(object, key, "a string", code);
  return object[key].get<std::string>();
}

Result<Json> json_array(const Json& object, const char* key, ErrorCode code) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_array())
    return bad_member(object, key, "an array", code);
  return object[key];
}

}  // namespace offramp
