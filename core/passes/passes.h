// Graph to normal-form Graph. After normalise(): shapes known everywhere, constants folded, batch norm folded into
// convolutions or written as Mul and Add, opset 17 forms only (attributes that became inputs are inputs), pads
// explicit, no Identity, Dropout or Constant nodes.
#pragma once
#include <functional>
#include <span>

#include "base/encoding.h"
#include "graph/graph.h"

namespace offramp {

// Computes one node on concrete tensors. Handed in (exec's run_reference), so that passes do not depend on exec.
using Evaluate = std::function<Result<std::vector<Tensor>>(const Node&, std::span<const Tensor* const> inputs)>;

// Runs all passes in order until nothing changes; validates after each and names the pass that broke the graph.
// Unknown operators and unsupported forms stay and leave the shapes behind them unknown; whatever needs shapes then
// refuses. Errors: as infer_known_shapes.
Status normalise(Graph& graph, const Evaluate& evaluate);

// The passes, each usable alone on a valid graph. They return whether they changed anything. Those after upgrade_opset
// do more where shapes were inferred before.
bool remove_identities(Graph& graph);  // Identity, Dropout, Constant nodes; casts to the same type
Result<bool> upgrade_opset(Graph& graph);
Result<bool> fold_constants(Graph& graph, const Evaluate& evaluate);
Result<bool> fold_batch_norms(Graph& graph);
Result<bool> make_pads_explicit(Graph& graph);  // auto_pad; also a zero Pad in front of a Conv
bool lower_einsums(Graph& graph);  // to products of matrices, where that is possible
bool remove_dead_nodes(Graph& graph);

// No part of normalise(): what reads `value`, [N, ...], then reads it as it arrives over a link, each row encoded alone as by
// transmit_rows. Ids stay, and shapes are to be inferred anew. f32 changes nothing.
// Errors: kInvalidArgument for a value that is not f32 [N, ...] of known shape.
Status add_transmission(Graph& graph, ValueId value, Encoding encoding);

}  // namespace offramp
