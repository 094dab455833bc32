// The whole of Offramp for its hosts: bindings, tools and examples include only this.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/json.h"
#include "base/tensor.h"
#include "exec/session.h"
#include "exec/threads.h"
#include "package/package.h"
#include "runtime/staged_runtime.h"
#include "samples/samples.h"

namespace offramp {

// A model as imported and normalised. Errors: kUnsupported naming all that cannot run, with the reasons.
Result<Graph> load_model(const ByteSource& onnx);

// The `inspect` JSON of DESIGN section 9, with the network's nodes for drawing.
Result<Json> inspect_model(const ByteSource& onnx);

// From a model and rows to a package, in steps that a host can interleave with progress, pause and cancellation:
// add_rows() for every chunk of every part, then step() until finished, then result() and package().
class Augmenter {
 public:
  // Options JSON: {"max_drop_pp": 1, "rule": "harm" | "accuracy", "max_exits": 2, "levels": 256, "seed": 0, "epochs": by rows,
  // "backend": "xnnpack" | "reference", "method": "joint" | "paper", "preprocess": [...], "labels": [...],
  // "targets": name of a preset or targets.json itself, "cost": "macs" | "latency" | "energy" | "link_bytes", "max_latency_ms": of the worst
  // case, "measured_macs_per_s": of this machine on this model}; all optional.
  // Errors: kInvalidArgument naming the option; as load_model; kUnsupported for a model that is no classifier with one input.
  static Result<std::unique_ptr<Augmenter>> create(const ByteSource& onnx, const Json& options);
  ~Augmenter();

  enum class Part { kTrain, kSelect, kTest };
  // Raw samples of a part, in chunks of any size: runs the backbone once per sample and keeps pooled features. `groups` of train
  // rows (a patient, a speaker) stay together wherever rows are divided. Without select rows, thresholds are chosen on the train
  // rows, by heads that were trained without them (cross-fitting).
  // Errors: kInvalidData naming the row for labels out of range, non-finite inputs or a wrong shape.
  Status add_rows(Part part, const Tensor& raw, std::span<const int32_t> labels, std::span<const int64_t> groups = {});

  struct Progress {
    std::string phase;  // "screen", "qualify", "train", "paper", "search", "evaluate", "finished"
    int64_t done = 0, total = 0;
  };
  // A bounded piece of work. Errors: kInvalidData for too few rows or one class only.
  Result<Progress> step();

  // When finished: the `augment` JSON of DESIGN section 9 without times, and the evidence for the report.
  Json result() const;
  // `host_evidence` is merged into the manifest's evidence (measured times).
  Result<std::vector<PackageFile>> package(const Json& host_evidence) const;

  struct State;  // augmenter.h

 private:
  explicit Augmenter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The unaugmented model and the package side by side on rows of one dataset. The host times run_base and run_staged.
class Evaluator {
 public:
  // A package, or (`from_model`) a plain model with its preprocessing: then only run_base.
  static Result<std::unique_ptr<Evaluator>> from_package(std::span<const PackageSource> files, Backend backend);
  static Result<std::unique_ptr<Evaluator>> from_model(const ByteSource& onnx, const Json& preprocess, Backend backend);
  ~Evaluator();
  bool staged() const;
  int32_t classes() const;

  // The rows that run_* index into, replacing earlier ones.
  Status set_rows(const Tensor& raw, std::span<const int32_t> labels);
  Status run_base(int64_t row);
  Status run_staged(int64_t row);

  // The `evaluate` JSON of DESIGN section 9 without times, over all rows run so far. MACs are those executed.
  Json result() const;
  // By row: {"labels": [..], "base": [..], "staged": [..]}; -1 for what was not run, and no "staged" for a plain model.
  Json answers() const;

 private:
  struct State;
  explicit Evaluator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace offramp
