// The XNNPACK backend: as few and as long runs of nodes as possible for XNNPACK, the others by reference kernels.
#include <algorithm>
#include <set>

#include "exec/plan.h"
#include "exec/xnnpack/operators.h"
#include "exec/xnnpack/segment.h"
#include "graph/operators.h"

namespace offramp {
namespace {

using xnnpack::Operator;

constexpr size_t kMaxDims = 5;  // XNNPACK has 6; a signal's height needs one

bool fits(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  if (value.dtype != DType::kF32 || !value.shape || value.shape->empty() || value.shape->size() > kMaxDims)
    return false;
  for (size_t i = 0; i < value.shape->size(); ++i)
    if ((*value.shape)[i].size < 1 || ((*value.shape)[i].per_sample && i > 0)) return false;
  return checked_element_count(offramp::bind(*value.shape, 1)).ok();
}

// The operator's entry if XNNPACK can take this very node.
const Operator* taken_by(const Graph& graph, const Node& node) {
  const Operator* entry = xnnpack::find_operator(node.op);
  const OperatorInfo* info = find_operator(node.op);
  if (!entry || !info || node.outputs.size() != 1 || node.inputs.size() < size_t(info->min_inputs)) return nullptr;
  for (size_t i = 0; i < size_t(info->min_inputs); ++i)
    if (!node.inputs[i]) return nullptr;
  // Operators with two operands may have the constant first; all others work on what was computed.
  const bool two = node.inputs.size() == 2 && entry->takes == xnnpack::takes_binary;
  if (!two && graph.is_constant(node.inputs[0])) return nullptr;
  for (size_t i = 0; i < std::min(node.inputs.size(), entry->data_inputs); ++i) {
    if (!node.inputs[i]) continue;
    if (!graph.is_constant(node.inputs[i]) && !fits(graph, node.inputs[i])) return nullptr;
    if (!graph.value(node.inputs[i]).shape) return nullptr;
  }
  if (!fits(graph, node.outputs[0])) return nullptr;
  return entry->takes(graph, node) ? entry : nullptr;
}

// The inputs that must have been computed before a node runs.
std::vector<ValueId> used_inputs(const Graph& graph, const Node& node, const Operator* entry) {
  std::vector<ValueId> used;
  for (size_t i = 0; i < node.inputs.size() && (!entry || i < entry->data_inputs); ++i)
    if (node.inputs[i] && !graph.is_constant(node.inputs[i])) used.push_back(node.inputs[i]);
  return used;
}

struct Placement {
  const Operator* entry = nullptr;  // null: a reference kernel
  int64_t phase = 0;                // odd: XNNPACK; a node runs in the first phase of its kind that its inputs allow
  bool needed = false;
};

std::vector<Placement> place(const Graph& graph) {
  std::vector<Placement> placements(graph.nodes.size());
  std::vector<int64_t> ready(graph.value_count(), 0);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    Placement& placement = placements[n];
    placement.entry = taken_by(graph, node);
    for (ValueId id : used_inputs(graph, node, placement.entry))
      placement.phase = std::max(placement.phase, ready[size_t(id.index)]);
    if ((placement.phase % 2 == 1) != (placement.entry != nullptr)) ++placement.phase;
    for (ValueId id : node.outputs)
      if (id) ready[size_t(id.index)] = placement.phase;
  }
  // What only told a Reshape its shape need not run.
  std::vector<bool> needed(graph.value_count(), false);
  for (ValueId id : graph.outputs) needed[size_t(id.index)] = true;
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    for (ValueId id : node.outputs)
      if (id && needed[size_t(id.index)]) placements[n].needed = true;
    if (!placements[n].needed) continue;
    for (ValueId id : used_inputs(graph, node, placements[n].entry)) needed[size_t(id.index)] = true;
  }
  return placements;
}

struct Run {
  std::vector<const Node*> nodes;
  std::vector<ValueId> inputs, outputs;
};

// What the nodes of one XNNPACK phase read from outside, and what others read from them.
Run make_run(const Graph& graph, const std::vector<Placement>& placements, const std::vector<size_t>& members,
             const std::vector<bool>& read_elsewhere) {
  Run run;
  std::set<ValueId> seen;
  for (size_t n : members) {
    const Node& node = graph.nodes[n];
    run.nodes.push_back(&node);
    for (ValueId id : used_inputs(graph, node, placements[n].entry))
      if (seen.insert(id).second) run.inputs.push_back(id);
    seen.insert(node.outputs[0]);
    if (read_elsewhere[size_t(node.outputs[0].index)]) run.outputs.push_back(node.outputs[0]);
  }
  return run;
}

// Values that graph outputs or nodes of other phases read.
std::vector<bool> values_read_elsewhere(const Graph& graph, const std::vector<Placement>& placements) {
  std::vector<bool> read(graph.value_count(), false);
  const std::vector<int32_t> producers = graph.producers();
  for (ValueId id : graph.outputs) read[size_t(id.index)] = true;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!placements[n].needed) continue;
    for (ValueId id : used_inputs(graph, graph.nodes[n], placements[n].entry)) {
      const int32_t producer = producers[size_t(id.index)];
      if (producer >= 0 && placements[size_t(producer)].phase != placements[n].phase) read[size_t(id.index)] = true;
    }
  }
  return read;
}

}  // namespace

Result<std::vector<std::unique_ptr<Step>>> plan_xnnpack(const Graph& graph) {
  OFFRAMP_RETURN_IF_ERROR(xnnpack::initialize());
  const std::vector<Placement> placements = place(graph);
  const std::vector<bool> read_elsewhere = values_read_elsewhere(graph, placements);
  int64_t phases = 0;
  for (const Placement& placement : placements) phases = std::max(phases, placement.phase + 1);
  std::vector<std::vector<size_t>> members(static_cast<size_t>(phases));
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    if (placements[n].needed) members[size_t(placements[n].phase)].push_back(n);
  std::vector<std::unique_ptr<Step>> steps;
  for (size_t phase = 0; phase < members.size(); ++phase) {
    if (members[phase].empty()) continue;
    if (phase % 2 == 1) {
      const Run run = make_run(graph, placements, members[phase], read_elsewhere);
      auto segment = xnnpack::Segment::create(graph, run.nodes, run.inputs, run.outputs);
      if (segment.ok()) {
        steps.push_back(std::move(segment).value());
        continue;
      }
      // What XNNPACK refuses only now still runs, slowly.
      if (segment.error().code != ErrorCode::kUnsupported) return std::move(segment).error();
    }
    for (size_t n : members[phase]) steps.push_back(make_reference_step(graph, graph.nodes[n]));
  }
  return steps;
}

}  // namespace offramp
