// What is fuzzed: each reader of bytes from outside, as far as its result is used. Every target returns what became of
// the bytes: "run", "large" (read, but too much to run), or the code of a typed error. "internal" is a finding.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"
#include "package/package.h"

namespace offramp::fuzz {

// An ONNX file, or a graph in text form, which gets further than damaged protobuf: import, normal form, costs, exit
// points, one run on both backends.
std::string read_model(std::span<const uint8_t> bytes);
// The same from a graph on.
std::string use_graph(Result<Graph> graph);

// A package's files, each behind its length (4 bytes, little endian), the manifest first, then stages/0.onnx, ... Hashes
// and sizes in the manifest are set right before loading, or nothing behind them would ever be reached.
std::string read_package(std::span<const uint8_t> bytes);
std::vector<uint8_t> join_files(std::span<const PackageFile> files);

// JSON text, a zero byte, and a raw tensor (type, rank, sizes of one byte each, elements): the preprocessing steps are
// applied to the tensor. JSON that is an object is read as options of the augmentation.
std::string read_samples(std::span<const uint8_t> bytes);

}  // namespace offramp::fuzz
