// Reading JSON objects strictly, and writing floats shortly.
#include "samples/object_reader.h"

#include <algorithm>
#include <cfloat>
#include <charconv>
#include <cmath>

namespace offramp {
namespace {

constexpr double kMaxInteger = 9007199254740992.0;  // 2^53
constexpr size_t kMaxQuoted = 200;

const Json& empty_array() {
  static const Json empty = Json::array();
  return empty;
}

const Json& empty_object() {
  static const Json empty = Json::object();
  return empty;
}

// A value as it stands in a message.
std::string shown(const Json& json) {
  if (json.is_string()) return in_quotes(json.get_ref<const std::string&>());
  if (json.is_number() || json.is_boolean()) return json.dump();
  return json.type_name();
}

std::string range_text(double low, double high) {
  if (high < double(FLT_MAX)) return "a number from " + Json(low).dump() + " to " + Json(high).dump();
  return std::string("a finite 32-bit number") + (low < 0 ? "" : " of at least " + Json(low).dump());
}

std::string items(size_t count) { return std::to_string(count) + (count == 1 ? " item" : " items"); }

}  // namespace

std::optional<int64_t> integer_of(const Json& json) {
  if (!json.is_number()) return std::nullopt;
  const double value = json.get<double>();
  if (!(std::fabs(value) <= kMaxInteger) || value != std::floor(value)) return std::nullopt;
  return int64_t(value);
}

size_t count_code_points(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (uint8_t(c) & 0xc0) != 0x80;
  return count;
}

std::string in_quotes(std::string_view name) {
  size_t cut = std::min(name.size(), kMaxQuoted);
  while (cut > 0 && cut < name.size() && (uint8_t(name[cut]) & 0xc0) == 0x80) --cut;  // not within a character
  std::string text = "\"";
  text += name.substr(0, cut);
  if (cut == name.size()) return text += '"';
  return text += "...\" (" + std::to_string(name.size()) + " bytes)";
}

Json shortest_json(float value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value);
  const Json json = Json::parse(text, end.ptr, nullptr, /*allow_exceptions=*/false);
  if (json.is_number() && float(json.get<double>()) == value) return json.get<double>();
  return double(value);
}

ObjectReader::ObjectReader(const Json& json, ErrorCode code) : json_(json), code_(code) {
  if (!json.is_object()) fail("expected an object, got " + shown(json));
}

void ObjectReader::fail(std::string message) {
  if (status_.ok()) status_ = Error{code_, std::move(message), {}};
}

const Json* ObjectReader::member(const char* key) {
  known_.insert(key);
  if (!json_.is_object()) return nullptr;
  const auto found = json_.find(key);
  if (found != json_.end()) return &*found;
  fail(in_quotes(key) + " is missing");
  return nullptr;
}

double ObjectReader::number(const char* key, double low, double high) {
  const Json* json = member(key);
  if (!json) return low;
  const double value = json->is_number() ? json->get<double>() : NAN;
  if (value >= low && value <= high) return value;
  fail(in_quotes(key) + " must be " + range_text(low, high) + ", got " + shown(*json));
  return low;
}

int64_t ObjectReader::integer(const char* key, int64_t low, int64_t high) {
  const Json* json = member(key);
  if (!json) return low;
  const auto value = integer_of(*json);
  if (value && *value >= low && *value <= high) return *value;
  fail(in_quotes(key) + " must be an integer from " + std::to_string(low) + " to " + std::to_string(high) + ", got " +
       shown(*json));
  return low;
}

std::string ObjectReader::text(const char* key, size_t least, size_t most) {
  const Json* json = member(key);
  if (!json) return {};
  if (!json->is_string()) {
    fail(in_quotes(key) + " must be a string, got " + shown(*json));
    return {};
  }
  const auto& value = json->get_ref<const std::string&>();
  const size_t length = count_code_points(value);
  if (length < least || length > most)
    fail(in_quotes(key) + " must have " + std::to_string(least) + " to " + std::to_string(most) + " characters, got " +
         std::to_string(length));
  return value;
}

std::string ObjectReader::one_of(const char* key, std::initializer_list<std::string_view> allowed) {
  const Json* json = member(key);
  if (!json) return {};
  std::string list;
  for (std::string_view name : allowed) {
    if (json->is_string() && json->get_ref<const std::string&>() == name) return std::string(name);
    list += (list.empty() ? "" : ", ") + in_quotes(name);
  }
  fail(in_quotes(key) + " must be " + (allowed.size() > 1 ? "one of " : "") + list + ", got " + shown(*json));
  return {};
}

const Json& ObjectReader::array(const char* key, size_t least, size_t most) {
  const Json* json = member(key);
  if (!json) return empty_array();
  if (!json->is_array()) {
    fail(in_quotes(key) + " must be an array, got " + shown(*json));
    return empty_array();
  }
  if (json->size() < least || json->size() > most) {
    fail(in_quotes(key) + " must have " + std::to_string(least) + " to " + items(most) + ", got " +
         std::to_string(json->size()));
    return empty_array();
  }
  return *json;
}

const Json& ObjectReader::object(const char* key) {
  const Json* json = member(key);
  if (!json) return empty_object();
  if (json->is_object()) return *json;
  fail(in_quotes(key) + " must be an object, got " + shown(*json));
  return empty_object();
}

const Json& ObjectReader::object_or_null(const char* key) {
  const Json* json = member(key);
  if (!json) return empty_object();
  if (json->is_object() || json->is_null()) return *json;
  fail(in_quotes(key) + " must be an object or null, got " + shown(*json));
  return empty_object();
}

Status ObjectReader::finish() {
  if (!status_.ok()) return status_;
  for (const auto& [key, value] : json_.items()) {
    if (known_.count(key)) continue;
    std::string list;
    for (const std::string& name : known_) list += (list.empty() ? "" : ", ") + name;
    return Error{code_, "unknown key " + in_quotes(key) + "; known are " + list, {}};
  }
  return {};
}

}  // namespace offramp
