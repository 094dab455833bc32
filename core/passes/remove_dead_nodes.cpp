// Drops what no output needs.
#include "passes/passes.h"

namespace offramp {

bool remove_dead_nodes(Graph& graph) {
  const size_t nodes = graph.nodes.size(), values = graph.value_count();
  graph.compact();
  return graph.nodes.size() != nodes || graph.value_count() != values;
}

}  // namespace offramp
