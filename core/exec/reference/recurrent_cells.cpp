// RNN, GRU and LSTM: what each does with one sample at one step. Source: ONNX RNN-14, GRU-14, LSTM-14.
#include "exec/reference/arguments.h"
#include "exec/reference/recurrent.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

void activate(const Recurrence& r, const Direction& d, int64_t gate, int64_t kinds, float* values) {
  clip_values(r, values, r.hidden);
  r.activations[size_t(d.index * kinds + gate)](values, r.hidden);
}

void rnn_cell(const Recurrence& r, Inputs, const Direction& d, float* gates, const float* product,
              float* hidden, float*) {
  for (int64_t i = 0; i < r.hidden; ++i) hidden[i] = gates[i] + product[i];
  activate(r, d, 0, 1, hidden);
}

// Gates z, r, h.
void gru_cell(const Recurrence& r, Inputs, const Direction& d, float* gates, const float* product,
              float* hidden, float*) {
  const int64_t size = r.hidden;
  float *update = gates, *reset = gates + size, *proposal = gates + 2 * size;
  for (int64_t i = 0; i < 2 * size; ++i) gates[i] += product[i];
  activate(r, d, 0, 2, update);
  activate(r, d, 0, 2, reset);
  for (int64_t i = 0; i < size; ++i) {
    const float bias = d.recurrent_bias.empty() ? 0.0f : d.recurrent_bias[size_t(2 * size + i)];
    proposal[i] += reset[i] * (product[2 * size + i] + bias);
  }
  activate(r, d, 1, 2, proposal);
  for (int64_t i = 0; i < size; ++i) hidden[i] = (1.0f - update[i]) * proposal[i] + update[i] * hidden[i];
}

// The same with the reset gate before the recurrent product, which then has to wait for it.
void gru_cell_reset_first(const Recurrence& r, Inputs, const Direction& d, float* gates,
                          const float* product, float* hidden, float*) {
  const int64_t size = r.hidden, rows = 3 * size;
  float *update = gates, *reset = gates + size, *proposal = gates + 2 * size;
  for (int64_t i = 0; i < 2 * size; ++i) gates[i] += product[i];
  activate(r, d, 0, 2, update);
  activate(r, d, 0, 2, reset);
  for (int64_t k = 0; k < size; ++k) {
    const float kept = reset[k] * hidden[k];
    const float* weights = d.recurrent.data() + k * rows + 2 * size;
    for (int64_t i = 0; i < size; ++i) proposal[i] += kept * weights[i];
  }
  activate(r, d, 1, 2, proposal);
  for (int64_t i = 0; i < size; ++i) hidden[i] = (1.0f - update[i]) * proposal[i] + update[i] * hidden[i];
}

// Gates i, o, f, c; peepholes i, o, f.
void lstm_cell(const Recurrence& r, Inputs inputs, const Direction& d, float* gates, const float* product,
               float* hidden, float* cell) {
  const int64_t size = r.hidden;
  float *input = gates, *output = gates + size, *forget = gates + 2 * size, *proposal = gates + 3 * size;
  const Tensor* given = optional_input(inputs, 7);
  const float* peephole = given ? given->data<float>().data() + d.index * 3 * size : nullptr;
  for (int64_t i = 0; i < 4 * size; ++i) gates[i] += product[i];
  for (int64_t i = 0; peephole && i < size; ++i) {
    input[i] += peephole[i] * cell[i];
    forget[i] += peephole[2 * size + i] * cell[i];
  }
  activate(r, d, 0, 3, input);
  activate(r, d, 0, 3, forget);
  activate(r, d, 1, 3, proposal);
  for (int64_t i = 0; i < size; ++i) cell[i] = forget[i] * cell[i] + input[i] * proposal[i];
  for (int64_t i = 0; peephole && i < size; ++i) output[i] += peephole[size + i] * cell[i];
  activate(r, d, 0, 3, output);
  for (int64_t i = 0; i < size; ++i) hidden[i] = cell[i];
  r.activations[size_t(d.index * 3 + 2)](hidden, size);
  for (int64_t i = 0; i < size; ++i) hidden[i] *= output[i];
}

Outputs run_rnn(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 6));
  OFFRAMP_TRY(const Recurrence r, read_recurrence(node, inputs, 1, {"Tanh"}));
  OFFRAMP_TRY(auto outputs, run_recurrence(inputs, r, 1, rnn_cell));
  outputs.pop_back();
  return outputs;
}

Outputs run_gru(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 6));
  OFFRAMP_TRY(const Recurrence r, read_recurrence(node, inputs, 3, {"Sigmoid", "Tanh"}));
  const bool product_first = node.integer("linear_before_reset", 0) != 0;
  // The proposal's recurrent bias then is within what the reset gate scales.
  OFFRAMP_TRY(auto outputs, run_recurrence(inputs, r, product_first ? 2 : 3,
                                           product_first ? gru_cell : gru_cell_reset_first));
  outputs.pop_back();
  return outputs;
}

Outputs run_lstm(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 8));
  OFFRAMP_TRY(const Recurrence r, read_recurrence(node, inputs, 4, {"Sigmoid", "Tanh", "Tanh"}));
  return run_recurrence(inputs, r, 4, lstm_cell);
}

}  // namespace

void register_recurrent_cells(KernelTable& table) {
  add_kernels(table, {"RNN"}, run_rnn, kF32);
  add_kernels(table, {"GRU"}, run_gru, kF32);
  add_kernels(table, {"LSTM"}, run_lstm, kF32);
}

}  // namespace offramp::reference
