// What the backends share: the check of a run's inputs, and how each makes its sessions.
#pragma once
#include <memory>
#include <vector>

#include "exec/session.h"

namespace offramp {

// The batch size. Errors: kInvalidArgument.
Result<int64_t> check_inputs(const Graph& graph, std::span<const Activation> inputs);

// MACs of a node for one sample; 0 if its shapes are not known.
int64_t known_macs(const Graph& graph, const Node& node);

// Precondition: every node has a kernel, input shapes are known.
Result<std::unique_ptr<Session>> make_reference_session(Graph graph);
Result<std::unique_ptr<Session>> make_xnnpack_session(Graph graph, const SessionOptions& options);

}  // namespace offramp
