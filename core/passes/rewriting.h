// What several passes need to rewrite a graph in time linear in its size.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace offramp {

// How often each value is read, graph outputs counted as reads. By value index.
std::vector<int32_t> count_uses(const Graph& graph);

// Drops the nodes whose flag is set; their outputs must have got another maker or lost all uses.
void erase_nodes(Graph& graph, const std::vector<bool>& erase);

// Elements of a constant i64 or i32 tensor; none if the value is absent or anything else.
std::optional<std::vector<int64_t>> constant_integers(const Graph& graph, ValueId id);

// A constant i64 vector.
ValueId add_integers(Graph& graph, const std::string& name, const std::vector<int64_t>& values);

// Appends a node with one new output of that name to `nodes` and returns the output.
ValueId emit(Graph& graph, std::vector<Node>& nodes, std::string op, std::vector<ValueId> inputs,
             const std::string& output_name, std::map<std::string, Attribute> attributes);

// The node's input, absent if the list is shorter.
inline ValueId input_at(const Node& node, size_t index) {
  return index < node.inputs.size() ? node.inputs[index] : ValueId{};
}

// Name of what the node makes, to derive new names from.
const std::string& output_name(const Graph& graph, const Node& node);

}  // namespace offramp
