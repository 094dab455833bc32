// The staged runtime: stepped by its host, holding no socket, thread or clock.
#pragma once
#include <memory>
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

class StagedRuntime {
 public:
  // Errors: as Session::create, within the stage's frame.
  static Result<std::unique_ptr<StagedRuntime>> create(Package package, const SessionOptions& options);

  // One raw sample [...] or [1, ...] of any numeric type: preprocessing, then stage 0.
  // Errors: kInvalidArgument for a wrong shape, kInvalidData if the input or an answer is not finite.
  Result<StageResult> begin(const Tensor& sample);
  // A later stage on its boundary tensor.
  Result<StageResult> run_stage(int32_t stage, const Activation& boundary);
  // begin(), then stages to the answer.
  Result<Exited> run(const Tensor& sample);

  int64_t executed_macs() const;  // of all stages, by all calls so far
  const Package& package() const { return package_; }

 private:
  StagedRuntime() = default;
  // One stage on an input known to fit, and the decision after it.
  Result<StageResult> step(size_t stage, const Activation& input);

  Package package_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace offramp
