// The whole of Offramp for its hosts: bindings, tools and examples include only this.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/encoding.h"
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
  // "class_weights": "none" | "balanced",
  // "backend": "xnnpack" | "reference", "method": "joint" | "paper", "preprocess": [...], "labels": [...],
  // "targets": name of a preset or targets.json itself, "cost": "macs" | "latency" | "energy" | "link_bytes", "max_latency_ms": of the worst
  // case, "measured_macs_per_s": of this machine on this model, "certify_pp": none, "confidence": 95, "paper_cost_weight": 0.9,
  // "paper_correction": 1}; all optional. With certify_pp and without max_drop_pp the certificate is the rule; not with targets.
  // Errors: kInvalidArgument naming the option; as load_model; kUnsupported for a model that is no classifier with one input.
  static Result<std::unique_ptr<Augmenter>> create(const ByteSource& onnx, const Json& options);
  ~Augmenter();

  enum class Part { kTrain, kSelect, kTest, kCertify };
  // Raw samples of a part, in chunks of any size: runs the backbone once per sample and keeps pooled features. `groups` of train
  // rows (a patient, a speaker) stay together wherever rows are divided. Without select rows, thresholds are chosen on the train
  // rows, by heads that were trained without them (cross-fitting).
  // With a record of these rows (rows_record) nothing is run.
  // Errors: kInvalidData naming the row for labels out of range, non-finite inputs or a wrong shape. Of a record: kInvalidArgument if it is
  // of other rows, another model or preprocessing, kInvalidData if damaged; nothing was added then, and may be without it.
  Status add_rows(Part part, const Tensor& raw, std::span<const int32_t> labels, std::span<const int64_t> groups = {},
                  std::span<const uint8_t> record = {});

  // Extraction elsewhere: what a server must run, an ONNX model [n, ...] -> "features" f32 [n, ...], "logits" f32 [n, classes]
  // (features/pooling_nodes.h); its input for raw samples; and rows with what it answered for prepare(raw), in place of add_rows().
  // The first row of each call is extracted here too. Errors: as add_rows; kInvalidArgument for tensors of other shapes; kInvalidData naming
  // the row for answers that are not finite, or too far from this model's own; nothing was added then.
  Result<std::vector<uint8_t>> feature_model() const;
  Result<Tensor> prepare(const Tensor& raw) const;
  Status add_features(Part part, const Tensor& raw, std::span<const int32_t> labels, std::span<const int64_t> groups, const Tensor& features,
                      const Tensor& logits);

  struct Progress {
    std::string phase;  // "screen", "qualify", "rank", "train", "score", "paper", "search", "certify", "evaluate", "finished"
    int64_t done = 0, total = 0;
  };
  // A bounded piece of work. Errors: kInvalidData for too few rows or one class only.
  Result<Progress> step();
  // By exit point that features are kept of, the best share of the rows heads are graded on that a head of ours there has answered right
  // so far; 0 where there is none yet.
  std::vector<float> accuracies() const;

  // An interrupted search goes on, and comes to the very same result, from records that its host has kept: of rows, to be handed to
  // add_rows with the same rows, and of the search, between any two steps; from the phase "search" on it begins that phase again.
  // What was extracted of rows [begin, end) of a part, before the first step. Errors: kInvalidArgument for other rows than were added.
  Result<std::vector<uint8_t>> rows_record(Part part, int64_t begin, int64_t end);
  // Errors: kInvalidArgument before the first step. After replan() it is still that of the options at creation.
  Result<std::vector<uint8_t>> search_record();
  // After all rows were added and before the first step: as if the steps up to the record had been made. A speed that was measured is the record's.
  // Errors: kInvalidArgument if it is of another model, options, rows or version of Offramp, kInvalidData if its checksum is wrong; step() may begin anew
  // then. kInvalidData naming the place if its content is impossible; then only another Augmenter can.
  Result<Progress> resume(std::span<const uint8_t> record);

  // From the search on, also where that failed: as if created with these options, which may differ in what plans are chosen by (limits,
  // rule, method, targets), not in what heads are trained from, nor in the certificate. This machine keeps the speed that it was first
  // said to have. step() goes on at the search. Errors: kInvalidArgument if heads are not trained, and as create.
  Status replan(const Json& options);

  // When finished: the plan is now this one of result()'s "pareto", whatever the limits say, and without a certificate. With targets step() goes
  // on unless it is finished still. Errors: kInvalidArgument if it is not finished or there is no such plan; kInfeasible if no mapping of
  // it meets the targets' limits, and then the plan is the one before.
  Status pick(int64_t plan);

  // When finished: the `augment` JSON of DESIGN section 9 without times, and the evidence for the report.
  Json result() const;
  // manifest.json first, then the stages. `host_evidence` is merged into the manifest's evidence (measured times).
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

// A package on a stream of windows: a window that the first exit is not sure of may repeat the answer of an earlier one that
// looked the same to it. Rules: "difference" and "patience", see search/streams.h.
class StreamSession {
 public:
  // `threshold`: the most that may have changed; below 0 nothing is repeated.
  // Errors: kInvalidArgument for an unknown rule or a threshold that is not finite; as load_package and StagedRuntime.
  static Result<std::unique_ptr<StreamSession>> create(Package package, const std::string& rule, double threshold, Backend backend);
  ~StreamSession();
  struct Answer {
    Exited answer;  // if reused, the first exit's, but for the class
    bool reused = false;
  };
  // The next window. Errors: as StagedRuntime::run; the stream goes on as if that window had not been there.
  Result<Answer> run(const Tensor& sample);
  void forget();  // the next window is of another record
  int64_t executed_macs() const;

 private:
  struct State;
  explicit StreamSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What a stream rule would do for a package: its threshold, and safer ones of the exits, chosen on some records and judged on
// others. Every stage runs on every row.
class StreamEvaluator {
 public:
  // Errors: as load_package; kInvalidArgument for a package without exits.
  static Result<std::unique_ptr<StreamEvaluator>> create(std::span<const PackageSource> files, Backend backend);
  ~StreamEvaluator();
  enum class Part { kSelect, kTest };
  // Rows in order of time, record after record; `starts` is 1 where a record begins.
  // Errors: kInvalidData naming the row.
  Status add_rows(Part part, const Tensor& raw, std::span<const int32_t> labels, std::span<const int32_t> starts);
  // {"rule", "threshold", "exit_thresholds", "max_drop_pp", "select": figures, "test": figures, "test_plain": figures of the package as it
  // is, "rows": {"select", "test"}}; figures are {"accuracy", "accuracy_change_pp", "harm_pp", "mean_macs", "mean_macs_change_pct",
  // "exit_rates", "reuse_rate"}.
  // Errors: kInvalidArgument for an unknown rule, a part without rows; kInfeasible if no thresholds keep harm within max_harm.
  Result<Json> result(const std::string& rule, double max_harm) const;

 private:
  struct State;
  explicit StreamEvaluator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace offramp
