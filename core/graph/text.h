// The graph's text form, which tests are written in:
//
//   graph tiny opset 17
//   input x f32 [N, 1, 28, 28]
//   const w f32 [4, 1, 3, 3] = normal(7) * 0.1     # or = 0.5 (all), or = {1, 2, 3, 4}
//   y = Conv(x, w) {pads = [1, 1, 1, 1], strides = [1, 1], name = "conv1"}
//   z, i = TopK(y, k)
//   output y
//
// An absent optional input or output is written as _. Attributes: integer, float (has a point or exponent), "text",
// [lists], tensors as f32 [2] {1, 2}. Names beyond letters, digits and _./:-+$@ stand in double quotes. A node is
// called as its first output unless "name" says otherwise.
#pragma once
#include <string>
#include <string_view>

#include "graph/graph.h"

namespace offramp {

// Errors: kInvalidModel with the line number and what was expected there.
Result<Graph> parse_graph(std::string_view text);

// The same form back; small constants (up to 16 elements) in full, larger ones as their sha256, which parse_graph
// refuses.
std::string print_graph(const Graph& graph);

}  // namespace offramp
