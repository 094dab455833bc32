// The staged runtime: stepped by its host, holding no socket, thread or clock.
#pragma once
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "exec/session.h"
#include "package/package.h"

namespace offramp {

struct Exited {
  int32_t predicted_class = 0;
  std::vector<float> probabilities;
  int32_t exit = 0;   // number of the stage that answered
  float score = 0;    // of the answer; in the last stage the largest probability, for information
};
struct NeedsStage {
  int32_t stage = 0;
  Activation boundary;  // f32 [1, ...]
  Exited early;         // the answer that was not sure enough; without probabilities where a stage has no exit
};
using StageResult = std::variant<Exited, NeedsStage>;

// What a stage makes of rows of its input; logits where it has an exit or is the last, a boundary where it is not.
struct StageOutputs {
  std::optional<Tensor> logits;    // f32 [rows, classes]
  std::optional<Tensor> boundary;  // f32 [rows, ...]
};
struct Verdict {
  Exited answer;
  bool stands = true;  // sure enough, or the last stage's
};

class StagedRuntime {
 public:
  // Stages that are not present cannot run here. Errors: as Session::create, within the stage's frame.
  static Result<std::unique_ptr<StagedRuntime>> create(Package package, const SessionOptions& options);

  // One raw sample [...] or [1, ...] of any numeric type: preprocessing, then stage 0.
  // Errors: kInvalidArgument for a wrong shape, kInvalidData if the input or an answer is not finite.
  Result<StageResult> begin(const Tensor& sample);
  // Any stage on its boundary tensor, stage 0 on what prepare() gives.
  // Errors: kInvalidArgument for a stage that is not here or a wrong shape, kInvalidData if something is not finite.
  Result<StageResult> run_stage(int32_t stage, const Activation& boundary);
  // begin(), then stages to the answer.
  Result<Exited> run(const Tensor& sample);

  // For hosts that run some stages elsewhere, or many rows at once:
  bool has_stage(int32_t stage) const;
  // A raw sample as the model's own input, f32 [1, ...]. Errors: as begin.
  Result<Tensor> prepare(const Tensor& sample) const;
  // A stage on f32 [rows, ...], without decisions. Errors: as run_stage.
  Result<StageOutputs> run_rows(int32_t stage, const Tensor& rows);
  // The decisions after a stage, which may have run elsewhere, from its logits f32 [rows, classes].
  // Errors: kInvalidArgument for a stage without an exit or a wrong shape, kInvalidData naming the row that is not finite.
  Result<std::vector<Verdict>> judge(int32_t stage, const Tensor& logits) const;

  int64_t executed_macs() const;  // of all stages, by all calls so far
  const Package& package() const { return package_; }

 private:
  StagedRuntime() = default;
  bool is_last(size_t stage) const { return stage + 1 == package_.stages.size(); }
  // Whether the stage is here and takes such rows.
  Status check_input(int32_t stage, const Activation& rows, int64_t count) const;
  // One stage on an input known to fit, and the decision after it.
  Result<StageResult> step(size_t stage, const Activation& input);
  Result<std::vector<Activation>> outputs_of(size_t stage, const Activation& input);
  Result<Verdict> judge_row(size_t stage, std::span<const float> logits) const;

  Package package_;
  std::vector<std::unique_ptr<Session>> sessions_;  // null for stages that are not here
};

}  // namespace offramp
