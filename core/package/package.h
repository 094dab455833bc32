// A plan made runnable: manifest.json and one ONNX file per stage. Zipping is the hosts'.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/json.h"
#include "graph/graph.h"
#include "heads/heads.h"
#include "heads/outcomes.h"
#include "samples/samples.h"
#include "search/targets.h"

namespace offramp {

struct PackageFile {
  std::string name;  // "manifest.json", "stages/0.onnx"
  std::vector<uint8_t> bytes;
};

// A file of a package as load_package reads it.
struct PackageSource {
  std::string name;
  ByteSource bytes;
};
// The files keep their bytes, and outlive the sources.
std::vector<PackageSource> sources_of(std::span<const PackageFile> files);

// What an exit of a package is.
struct PackageExit {
  std::string at;        // the exit point's name
  ValueId value;         // in the backbone
  Head head;
  Score score = Score::kMaxProbability;
  float threshold = 0;
  GateWeights gate{};    // of Score::kGate
};

// A place where one target hands over to the next though no exit stands there.
struct PackageCut {
  std::string at;
  ValueId value;            // in the backbone
  size_t exits_before = 0;  // how many exits stand before it
};

// Stages [from, to) run on a target.
struct PackageTarget {
  std::string target;
  int64_t from = 0, to = 0;
};

struct PackageContents {
  std::vector<PackageExit> exits;   // in order
  std::vector<PackageCut> cuts;     // in order
  std::vector<std::string> labels;  // may be empty
  Preprocess preprocess;
  Json evidence;                    // rows, accuracies, costs: informative, an object or null
  std::vector<PackageTarget> mapping;  // of all stages, in order; empty: all on the target "local"
  std::vector<Link> links;             // between each two neighbours in `mapping`
};

// Stage k is the backbone between two boundaries and, at an exit, the head on the second. The same contents give the same bytes.
// Precondition: the backbone is in normal form.
// Errors: kInvalidArgument if exits or cuts are out of order, a head does not fit its exit point, or the manifest would not
// load; kUnsupported for boundaries that are no f32 vector, signal or map per sample.
Result<std::vector<PackageFile>> write_package(const Graph& backbone, const PackageContents& contents);

// One stage of a loaded package.
struct Stage {
  // In: "boundary" (stage 0: the model's own input). Out: "logits", of an exit or of the last stage, and, but for the last,
  // "boundary", which is called "next_boundary" where the input has that name already: ONNX wants names to be unique within a
  // graph.
  Graph graph;
  int64_t macs = 0;
  bool has_exit = false;  // it ends in an exit; else it hands on, or is the last
  // Of the exit.
  Score score = Score::kMaxProbability;
  float temperature = 1, threshold = 0;
  GateWeights gate{};
  std::string at;
  std::string file;  // "stages/0.onnx"
  Dims input;        // per sample, without the batch
  bool present = true;  // false: its file was not handed in, and there is no graph
};

struct Package {
  std::vector<Stage> stages;
  std::vector<std::string> labels;
  Preprocess preprocess;
  int32_t classes = 0;
  int64_t base_macs = 0;
  Json manifest;
};

struct LoadOptions {
  bool partial = false;  // stages whose files are missing run elsewhere; at least one is here
};
// Checks the manifest against its schema, every file's sha256, and that stages fit together and cost what is claimed.
// Errors: kInvalidPackage, or the stage's own error, naming the file and the key.
Result<Package> load_package(std::span<const PackageSource> files, const LoadOptions& options = {});

// The backbone again, as it was before it got exits: stages chained, heads dropped. For evaluation side by side.
// Precondition: all stages are present.
Result<Graph> join_stages(const Package& package);

}  // namespace offramp
