// Stages as graphs: cut out of the backbone with a head added, and taken apart again.
#pragma once
#include <string>
#include <vector>

#include "package/package.h"

namespace offramp {

inline constexpr const char* kLogits = "logits";
// A stage's boundary output: "boundary", or "next_boundary" where the input has that name already.
std::string boundary_output_name(const std::string& input_name);

// All multiply-accumulates for one sample. Precondition: shapes were inferred. Errors: kLimitExceeded beyond 2^53.
Result<int64_t> graph_macs(const Graph& graph);

// The size of each sample's part of a value. Errors: kUnsupported unless it is f32 [N, ...] of fixed sizes.
Result<Dims> sample_dims(const Graph& graph, ValueId value);

// Where a stage ends.
struct StageEnd {
  std::string name;                   // "exit 0 (conv1)", "cut 1 (conv2)", "the backbone's output"
  ValueId value;                      // in the backbone
  const PackageExit* exit = nullptr;  // belongs to the contents
};
// One per stage, in order. Errors: kInvalidArgument for a cut behind more exits than there are.
Result<std::vector<StageEnd>> stage_ends(const Graph& backbone, const PackageContents& contents);

// Graphs as Stage::graph describes them, with shapes inferred.
// Errors: as write_package.
Result<std::vector<Graph>> build_stage_graphs(const Graph& backbone, const std::vector<StageEnd>& ends);

// A stage that ends in an exit, taken apart.
struct StageParts {
  Graph backbone;  // input to boundary
  Graph head;      // boundary to logits
};
// Errors: kInvalidPackage if the logits need more than the boundary.
Result<StageParts> split_stage(const Graph& stage);

}  // namespace offramp
