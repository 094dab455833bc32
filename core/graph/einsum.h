// The equation of an Einsum node, with its ellipsis written out for given ranks.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace offramp {

struct EinsumEquation {
  std::vector<std::vector<int>> operands;  // by operand and axis: a label, counted from 0
  std::vector<int> output;                 // by axis of the output
  int labels = 0;

  // Labels that the output lacks: the equation sums over them.
  std::vector<int> summed() const;
};

// "bhqd,bhkd->bhqk", "...ij,jk", "ii->i". Axes of an ellipsis are aligned to the right and broadcast.
// Errors: kInvalidModel if the equation is none, or does not suit operands of these ranks.
Result<EinsumEquation> parse_einsum(const std::string& equation, std::span<const size_t> ranks);

}  // namespace offramp
