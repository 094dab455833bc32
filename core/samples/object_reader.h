// ObjectReader: a JSON object from outside, read key by key. The first thing wrong is kept and told by finish(), so
// that reading code stays straight; keys that nobody asked for are refused.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"

namespace offramp {

class ObjectReader {
 public:
  // `json` must outlive the reader.
  ObjectReader(const Json& json, ErrorCode code);

  bool has(const char* key) const { return json_.is_object() && json_.contains(key); }
  double number(const char* key, double low, double high);
  // A number that fits f32, for values that are used as such.
  float f32(const char* key, double low, double high) { return float(number(key, low, high)); }
  // Counts: JSON has one kind of number, so 1.0 is an integer too.
  int64_t integer(const char* key, int64_t low, int64_t high);
  std::string text(const char* key, size_t least, size_t most);  // length in code points
  std::string one_of(const char* key, std::initializer_list<std::string_view> allowed);
  // Members to be read by another reader; an empty one of that kind after an error.
  const Json& array(const char* key, size_t least, size_t most);
  const Json& object(const char* key);
  const Json& object_or_null(const char* key);

  bool ok() const { return status_.ok(); }
  void fail(std::string message);
  // Errors: the first one; else the first key that was never asked for.
  Status finish();

 private:
  const Json* member(const char* key);

  const Json& json_;
  ErrorCode code_;
  Status status_;
  std::set<std::string> known_;
};

// An integer within +-2^53, as JavaScript has them; nothing if `json` is none.
std::optional<int64_t> integer_of(const Json& json);
size_t count_code_points(std::string_view text);
// A name from outside as part of a message: quoted, and cut if it is very long.
std::string in_quotes(std::string_view name);
// The shortest number that reads back as the same float: 0.004 and not 0.004000000189989805.
Json shortest_json(float value);

}  // namespace offramp
