// Names from a file made safe to print: the rest of the core puts names into messages as they are.
#pragma once
#include <string>
#include <string_view>

namespace offramp {

// The text with control characters and bytes that are not UTF-8 written as \xNN; past 1,024 bytes it is cut and ends in
// "...".
std::string printable(std::string_view text);

// printable() in double quotes.
std::string quoted(std::string_view text);

}  // namespace offramp
