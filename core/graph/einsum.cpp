#include "graph/einsum.h"

#include <algorithm>
#include <map>

namespace offramp {
namespace {

constexpr size_t kMaxOperands = 32;

// A letter, or an axis of the ellipsis counted from the right: -1 is the last.
using Symbol = int;

struct Term {
  std::vector<Symbol> letters;
  int ellipsis = -1;  // where it stands among the letters, -1 for none
};

Result<Term> read_term(const std::string& text) {
  Term term;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) {
      term.letters.push_back(c);
    } else if (text.compare(i, 3, "...") == 0 && term.ellipsis < 0) {
      term.ellipsis = int(term.letters.size());
      i += 2;
    } else {
      return invalid_model("attribute equation: \"" + text + "\" has something else than letters and one ellipsis");
    }
  }
  return term;
}

std::vector<Symbol> symbols_of(const Term& term, size_t ellipsis_axes) {
  std::vector<Symbol> symbols = term.letters;
  if (term.ellipsis < 0) return symbols;
  for (size_t i = 0; i < ellipsis_axes; ++i)
    symbols.insert(symbols.begin() + term.ellipsis + int64_t(i), Symbol(i) - Symbol(ellipsis_axes));
  return symbols;
}

// Without "->": the ellipsis, then the letters that occur once, in the alphabet's order.
std::vector<Symbol> implied_output(const std::vector<std::vector<Symbol>>& operands, size_t ellipsis_axes) {
  std::map<Symbol, int> counts;
  for (const auto& operand : operands)
    for (Symbol symbol : operand) ++counts[symbol];
  std::vector<Symbol> output;
  for (size_t i = 0; i < ellipsis_axes; ++i) output.push_back(Symbol(i) - Symbol(ellipsis_axes));
  for (const auto& [symbol, count] : counts)
    if (symbol >= 0 && count == 1) output.push_back(symbol);
  return output;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator) parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

}  // namespace

std::vector<int> EinsumEquation::summed() const {
  std::vector<int> labels_summed;
  for (int label = 0; label < labels; ++label)
    if (std::find(output.begin(), output.end(), label) == output.end()) labels_summed.push_back(label);
  return labels_summed;
}

Result<EinsumEquation> parse_einsum(const std::string& equation, std::span<const size_t> ranks) {
  std::string text;
  for (char c : equation)
    if (c != ' ') text += c;
  const size_t arrow = text.find("->");
  const std::vector<std::string> parts = split(text.substr(0, arrow), ',');
  if (parts.size() != ranks.size() || parts.size() > kMaxOperands)
    return invalid_model("attribute equation: \"" + equation + "\" is for " + std::to_string(parts.size()) +
                         " inputs, got " + std::to_string(ranks.size()));
  std::vector<std::vector<Symbol>> operands;
  size_t widest = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    OFFRAMP_TRY(const Term term, read_term(parts[i]));
    if (term.letters.size() > ranks[i] || (term.ellipsis < 0 && term.letters.size() != ranks[i]))
      return invalid_model("attribute equation: \"" + parts[i] + "\" does not suit an input with " +
                           std::to_string(ranks[i]) + " dimensions");
    const size_t axes = ranks[i] - term.letters.size();
    widest = std::max(widest, axes);
    operands.push_back(symbols_of(term, axes));
  }
  std::vector<Symbol> output = implied_output(operands, widest);
  if (arrow != std::string::npos) {
    OFFRAMP_TRY(const Term term, read_term(text.substr(arrow + 2)));
    output = symbols_of(term, widest);
  }

  EinsumEquation result;
  std::map<Symbol, int> labels;
  for (const auto& operand : operands) {
    result.operands.emplace_back();
    for (Symbol symbol : operand)
      result.operands.back().push_back(labels.emplace(symbol, int(labels.size())).first->second);
  }
  result.labels = int(labels.size());
  for (Symbol symbol : output) {
    const auto found = labels.find(symbol);
    if (found == labels.end() || std::find(result.output.begin(), result.output.end(), found->second) != result.output.end())
      return invalid_model("attribute equation: the output of \"" + equation + "\" must list labels of inputs once");
    result.output.push_back(found->second);
  }
  return result;
}

}  // namespace offramp
