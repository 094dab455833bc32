// JSON without exceptions: nlohmann/json behind two helpers, so that no other file parses text.
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace offramp {

using Json = nlohmann::ordered_json;

// Errors: the given code if the text is not JSON or nests deeper than 64 levels.
Result<Json> parse_json(std::string_view text, ErrorCode code);

// A required member of an object, checked for its type. Errors: the given code, naming the key.
Result<double> json_number(const Json& object, const char* key, ErrorCode code);
Result<int64_t> json_integer(const Json& object, const char* key, ErrorCode code);
Result<std::string> json_string(const Json& object, const char* key, ErrorCode code);
Result<Json> json_array(const Json& object, const char* key, ErrorCode code);

}  // namespace offramp
