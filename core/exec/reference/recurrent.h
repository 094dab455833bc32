// What RNN, GRU and LSTM share: their sizes and inputs, checked, and the walk through time.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "exec/reference/kernels.h"

namespace offramp::reference {

using Activation = void (*)(float* values, int64_t count);

struct Recurrence {
  int64_t gates = 1, directions = 1, steps = 0, batch = 0, features = 0, hidden = 0;
  bool reverse = false;      // the only direction, or the first
  bool batch_first = false;  // layout 1
  float clip = 0;            // of what goes into an activation; 0 for none
  std::vector<Activation> activations;  // by direction, then gate

  // Where the rows of one sample at one step begin, in elements, for tensors with `width` elements per row.
  int64_t input_row(int64_t step, int64_t sample, int64_t width) const {
    return (batch_first ? sample * steps + step : step * batch + sample) * width;
  }
  int64_t state_row(int64_t direction, int64_t sample) const {
    return (batch_first ? sample * directions + direction : direction * batch + sample) * hidden;
  }
  int64_t output_row(int64_t step, int64_t direction, int64_t sample) const {
    return batch_first ? ((sample * steps + step) * directions + direction) * hidden
                       : ((step * directions + direction) * batch + sample) * hidden;
  }
  Dims output_dims() const {
    return batch_first ? Dims{batch, steps, directions, hidden} : Dims{steps, directions, batch, hidden};
  }
  Dims state_dims() const { return batch_first ? Dims{batch, directions, hidden} : Dims{directions, batch, hidden}; }
};

// Checks everything that the node's inputs and attributes must satisfy. `defaults` are the names of one direction's activations.
// Errors: kInvalidModel, kUnsupported, kLimitExceeded.
Result<Recurrence> read_recurrence(const Node& node, Inputs inputs, int64_t gates,
                                   const std::vector<std::string>& defaults);

// values = min(max(values, -clip), clip), if there is a clip.
void clip_values(const Recurrence& r, float* values, int64_t count);

// The weights and states of one direction.
struct Direction {
  int64_t index = 0;
  bool reverse = false;
  std::vector<float> recurrent;   // [hidden, gates * hidden]
  std::vector<float> from_input;  // of all steps: input * weight + bias, [rows of the input, gates * hidden]
  std::vector<float> hidden, cell;  // the state, [batch, hidden]
  std::span<const float> recurrent_bias;  // [gates * hidden], empty without biases
};

// The input's part of every gate at every step is one matrix product. The recurrent biases of the gates from `held` on are
// left out.
Direction prepare_direction(const Recurrence& r, Inputs inputs, int64_t index, int64_t held);

// Updates one sample's state from `gates` [gates * hidden], what goes into its activations.
// `hidden` and `cell` are the sample's state, `product` what the recurrent weights make of its hidden state.
using Cell = void (*)(const Recurrence& r, Inputs inputs, const Direction& direction, float* gates,
                      const float* product, float* hidden, float* cell);
Outputs run_recurrence(Inputs inputs, const Recurrence& r, int64_t held, Cell cell);

}  // namespace offramp::reference
