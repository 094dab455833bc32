// Reads the words of one line of the graph's text form; see text.h.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace offramp {

class TextLexer {
 public:
  explicit TextLexer(std::string_view line) : rest_(line) { skip_space(); }

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  // Takes the character if it comes next.
  bool accept(char c);
  bool accept_word(std::string_view word);
  // Errors of all that follow: kInvalidModel "expected WHAT, got WORD".
  Status expect(char c);
  // A bare word of letters, digits and _ . / : - $ @, or any text in double quotes.
  Result<std::string> name(std::string_view what);
  bool next_is_quoted() const { return peek() == '"'; }
  // Text in double quotes, with \" \\ \n and \xHH.
  Result<std::string> quoted_text();
  Result<int64_t> integer(std::string_view what);

  struct Number {
    bool is_float = false;  // has a point, an exponent, or is inf or nan
    int64_t integer = 0;
    double number = 0;  // the integer too
    float single = 0;   // rounded once, from the text
  };
  Result<Number> number();

  Error unexpected(std::string_view what) const;

 private:
  void skip_space();
  std::string_view bare_word() const;

  std::string_view rest_;
};

// Whether a name can stand without quotes.
bool is_bare_word(std::string_view word);
std::string quote_text(std::string_view text);

}  // namespace offramp
