// The normal form is opset 17's, but some operators and attributes came later. A file that holds one of them states
// opset 21 and must write the rest in that opset's forms.
#pragma once
#include "graph/graph.h"

namespace offramp {

inline constexpr int64_t kNewerOpset = 21;

bool needs_newer_opset(const Graph& graph);
// Opset 17's forms, as far as they differ, in opset 21's; forms that are so already stay.
Graph in_newer_forms(Graph graph);

}  // namespace offramp
