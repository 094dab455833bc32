#include "exec/reference/recurrent.h"

#include <algorithm>

#include "exec/reference/approximations.h"
#include "exec/reference/arguments.h"
#include "exec/reference/product.h"

namespace offramp::reference {
namespace {

void sigmoid(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = 1.0f / (1.0f + bounded_exp(-values[i]));
}

// With e = exp(-2|x|) - 1, which is exact near 0: tanh|x| = -e / (2 + e).
void tanh(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float x = values[i], magnitude = x < 0 ? -x : x;
    const float e = exp_minus_one(-2.0f * magnitude);
    const float y = -e / (2.0f + e);
    values[i] = x < 0 ? -y : y;
  }
}

void relu(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = values[i] > 0 ? values[i] : 0;
}

void hard_sigmoid(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = std::clamp(0.2f * values[i] + 0.5f, 0.0f, 1.0f);
}

Result<Activation> find_activation(const std::string& name) {
  if (name == "Sigmoid") return Activation(sigmoid);
  if (name == "Tanh") return Activation(tanh);
  if (name == "Relu") return Activation(relu);
  if (name == "HardSigmoid") return Activation(hard_sigmoid);
  return unsupported("activation " + name + "; Sigmoid, Tanh, Relu and HardSigmoid have kernels");
}

Status read_activations(const Node& node, const std::vector<std::string>& defaults, Recurrence& r) {
  std::vector<std::string> names;
  if (const auto found = node.attributes.find("activations"); found != node.attributes.end()) {
    const auto* given = std::get_if<std::vector<std::string>>(&found->second);
    if (!given) return invalid_model("attribute activations: expected texts");
    names = *given;
  } else {
    for (int64_t d = 0; d < r.directions; ++d) names.insert(names.end(), defaults.begin(), defaults.end());
  }
  if (int64_t(names.size()) != r.directions * int64_t(defaults.size()))
    return invalid_model("attribute activations: expected " + std::to_string(r.directions * int64_t(defaults.size())) +
                         " names, got " + std::to_string(names.size()));
  for (const char* scale : {"activation_alpha", "activation_beta"})
    if (node.has(scale)) return unsupported("attribute " + std::string(scale));
  for (const std::string& name : names) {
    OFFRAMP_TRY(const Activation activation, find_activation(name));
    r.activations.push_back(activation);
  }
  return {};
}

Status expect_shape(Inputs inputs, size_t index, const char* what, const Dims& dims) {
  const Tensor* input = optional_input(inputs, index);
  if (!input) return {};
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(*input, DType::kF32, what));
  if (input->dims() == dims) return {};
  return invalid_model(std::string(what) + " must have shape " + to_string(dims) + ", got " + to_string(input->dims()));
}

Dims one_sample_state(const Recurrence& r) {
  return r.batch_first ? Dims{1, r.directions, r.hidden} : Dims{r.directions, 1, r.hidden};
}

// A state for one sample is taken for every one.
Status expect_state(Inputs inputs, size_t index, const char* what, const Recurrence& r) {
  const Tensor* state = optional_input(inputs, index);
  const bool shared = state && state->dims() == one_sample_state(r);
  return expect_shape(inputs, index, what, shared ? state->dims() : r.state_dims());
}

Status check_shapes(Inputs inputs, const Recurrence& r) {
  const int64_t rows = r.gates * r.hidden;
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 1, "the weight", {r.directions, rows, r.features}));
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 2, "the recurrent weight", {r.directions, rows, r.hidden}));
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 3, "the bias", {r.directions, 2 * rows}));
  OFFRAMP_RETURN_IF_ERROR(expect_state(inputs, 5, "the initial hidden state", r));
  OFFRAMP_RETURN_IF_ERROR(expect_state(inputs, 6, "the initial cell state", r));
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 7, "the peephole weight", {r.directions, 3 * r.hidden}));
  const Tensor* lengths = optional_input(inputs, 4);
  if (!lengths) return {};
  if (lengths->dtype() != DType::kI32 || lengths->dims() != Dims{r.batch})
    return invalid_model("sequence_lens must be i32 [" + std::to_string(r.batch) + "], got " +
                         std::string(to_string(lengths->dtype())) + " " + to_string(lengths->dims()));
  for (int32_t length : lengths->data<int32_t>())
    if (length < 0 || length > r.steps)
      return invalid_model("sequence_lens: " + std::to_string(length) + " is outside [0, " + std::to_string(r.steps) +
                           "]");
  return {};
}

std::vector<float> initial_state(const Recurrence& r, const Tensor* given, int64_t direction) {
  std::vector<float> state(size_t(r.batch * r.hidden), 0.0f);
  if (!given) return state;
  Recurrence layout = r;
  layout.batch = given->dims() == one_sample_state(r) ? 1 : r.batch;
  for (int64_t n = 0; n < r.batch; ++n) {
    const float* from = given->data<float>().data() + layout.state_row(direction, layout.batch == 1 ? 0 : n);
    std::copy(from, from + r.hidden, state.begin() + n * r.hidden);
  }
  return state;
}

}  // namespace

Result<Recurrence> read_recurrence(const Node& node, Inputs inputs, int64_t gates,
                                   const std::vector<std::string>& defaults) {
  const Dims &x = inputs[0]->dims(), &recurrent = inputs[2]->dims();
  if (x.size() != 3 || recurrent.size() != 3)
    return invalid_model("expected an input and a recurrent weight of 3 dimensions, got " + to_string(x) + " and " +
                         to_string(recurrent));
  Recurrence r;
  r.gates = gates;
  const std::string direction = node.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return invalid_model("attribute direction: \"" + direction + "\" is not forward, reverse or bidirectional");
  r.directions = direction == "bidirectional" ? 2 : 1;
  r.reverse = direction == "reverse";
  r.batch_first = node.integer("layout", 0) != 0;
  r.steps = x[r.batch_first ? 1 : 0];
  r.batch = x[r.batch_first ? 0 : 1];
  r.features = x[2];
  r.hidden = recurrent[2];
  r.clip = node.number("clip", 0.0f);
  if (node.integer("input_forget", 0) != 0) return unsupported("attribute input_forget 1");
  OFFRAMP_RETURN_IF_ERROR(read_activations(node, defaults, r));
  OFFRAMP_RETURN_IF_ERROR(check_shapes(inputs, r));
  OFFRAMP_RETURN_IF_ERROR(expect_work(double(r.steps) * double(r.batch) * double(r.gates) * double(r.hidden) *
                                      double(r.directions) * double(r.features + r.hidden)));
  for (const Dims& dims : {r.output_dims(), r.state_dims(), Dims{r.steps, r.batch, r.gates, r.hidden}}) {
    const auto count = checked_element_count(dims);
    if (!count) return count.error();
  }
  return r;
}

void clip_values(const Recurrence& r, float* values, int64_t count) {
  if (r.clip <= 0) return;
  for (int64_t i = 0; i < count; ++i) values[i] = std::min(std::max(values[i], -r.clip), r.clip);
}

Direction prepare_direction(const Recurrence& r, Inputs inputs, int64_t index, int64_t held) {
  const int64_t rows = r.gates * r.hidden, samples = r.steps * r.batch;
  Direction d;
  d.index = index;
  d.reverse = r.reverse || index == 1;
  const float* recurrent = inputs[2]->data<float>().data() + index * rows * r.hidden;
  d.recurrent.resize(size_t(rows * r.hidden));
  transpose(recurrent, rows, r.hidden, d.recurrent.data());
  std::vector<float> weight(size_t(rows * r.features));
  transpose(inputs[1]->data<float>().data() + index * rows * r.features, rows, r.features, weight.data());
  std::vector<float> bias(size_t(rows), 0.0f);
  if (const Tensor* given = optional_input(inputs, 3)) {
    const float* both = given->data<float>().data() + index * 2 * rows;
    d.recurrent_bias = {both + rows, size_t(rows)};
    for (int64_t i = 0; i < rows; ++i) bias[size_t(i)] = both[i] + (i < held * r.hidden ? both[rows + i] : 0.0f);
  }
  d.from_input.resize(size_t(samples * rows));
  for (int64_t i = 0; i < samples; ++i) std::copy(bias.begin(), bias.end(), d.from_input.begin() + i * rows);
  add_product({inputs[0]->data<float>().data(), r.features, 1}, weight.data(), rows, d.from_input.data(), rows, samples,
              r.features, rows);
  d.hidden = initial_state(r, optional_input(inputs, 5), index);
  d.cell = initial_state(r, optional_input(inputs, 6), index);
  return d;
}

Outputs run_recurrence(Inputs inputs, const Recurrence& r, int64_t held, Cell cell) {
  OFFRAMP_TRY(Tensor all, create_output(DType::kF32, r.output_dims()));
  OFFRAMP_TRY(Tensor last_hidden, create_output(DType::kF32, r.state_dims()));
  OFFRAMP_TRY(Tensor last_cell, create_output(DType::kF32, r.state_dims()));
  const int64_t rows = r.gates * r.hidden;
  const Tensor* lengths = optional_input(inputs, 4);
  float* y = all.mutable_data<float>().data();
  std::vector<float> products(size_t(r.batch * rows));
  for (int64_t index = 0; index < r.directions; ++index) {
    Direction d = prepare_direction(r, inputs, index, held);
    for (int64_t s = 0; s < r.steps; ++s) {
      std::fill(products.begin(), products.end(), 0.0f);
      add_product({d.hidden.data(), r.hidden, 1}, d.recurrent.data(), rows, products.data(), rows, r.batch, r.hidden,
                  rows);
      for (int64_t n = 0; n < r.batch; ++n) {
        const int64_t length = lengths ? lengths->data<int32_t>()[size_t(n)] : r.steps;
        if (s >= length) continue;
        const int64_t step = d.reverse ? length - 1 - s : s;
        float* hidden = d.hidden.data() + n * r.hidden;
        cell(r, inputs, d, d.from_input.data() + r.input_row(step, n, rows), products.data() + n * rows, hidden,
             d.cell.data() + n * r.hidden);
        std::copy(hidden, hidden + r.hidden, y + r.output_row(step, index, n));
      }
    }
    for (int64_t n = 0; n < r.batch; ++n)
      for (auto [state, last] : {std::pair{&d.hidden, &last_hidden}, std::pair{&d.cell, &last_cell}})
        std::copy(state->begin() + n * r.hidden, state->begin() + (n + 1) * r.hidden,
                  last->mutable_data<float>().begin() + r.state_row(index, n));
  }
  std::vector<Tensor> outputs;
  for (Tensor* tensor : {&all, &last_hidden, &last_cell}) outputs.push_back(std::move(*tensor));
  return outputs;
}

}  // namespace offramp::reference
