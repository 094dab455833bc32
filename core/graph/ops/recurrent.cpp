// RNN, GRU and LSTM. Their batch is the second dimension of the input, or with layout 1 the first.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

struct Sizes {
  int64_t gates = 1, directions = 1, hidden = 0, steps = 0, features = 0;
  Dim batch;
  bool batch_first = false;
};

Result<Sizes> read_sizes(const Node& node, Inputs inputs) {
  Sizes s;
  s.gates = node.op == "LSTM" ? 4 : node.op == "GRU" ? 3 : 1;
  const std::string direction = node.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return invalid_model("attribute direction: expected forward, reverse or bidirectional, got " + direction);
  s.directions = direction == "bidirectional" ? 2 : 1;
  s.batch_first = node.integer("layout", 0) != 0;
  const Shape& x = inputs[0]->shape;
  OFFRAMP_RETURN_IF_ERROR(expect_rank(*inputs[0], 3, "the input"));
  OFFRAMP_TRY(s.steps, fixed_size(x, s.batch_first ? 1 : 0, "the recurrence"));
  OFFRAMP_TRY(s.features, fixed_size(x, 2, "the product"));
  s.batch = x[s.batch_first ? 0 : 1];
  OFFRAMP_RETURN_IF_ERROR(expect_rank(*inputs[2], 3, "the recurrent weight"));
  s.hidden = inputs[2]->shape[2].size;
  if (node.integer("hidden_size", s.hidden) != s.hidden)
    return invalid_model("attribute hidden_size: " + std::to_string(node.integer("hidden_size", 0)) +
                         " is not the recurrent weight's " + std::to_string(s.hidden));
  return s;
}

Status expect_shape(Inputs inputs, size_t index, const char* what, const Shape& shape) {
  const ValueInfo* info = input_or_null(inputs, index);
  if (!info || info->shape == shape) return {};
  return invalid_model(std::string(what) + " must have shape " + to_string(shape) + ", got " + to_string(info->shape));
}

// A state for one sample is taken for every one: models exported with a batch of 1 have such constants.
Status expect_state(Inputs inputs, size_t index, const char* what, const Sizes& s) {
  const Dim directions{s.directions, false}, hidden{s.hidden, false};
  const auto shape_for = [&](Dim batch) {
    return s.batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  };
  const ValueInfo* info = input_or_null(inputs, index);
  if (info && info->shape == shape_for(Dim{})) return {};
  return expect_shape(inputs, index, what, shape_for(s.batch));
}

Outputs infer_recurrent(const Node& node, Inputs inputs) {
  for (size_t i : {0, 1, 2, 3, 5, 6, 7})
    if (const ValueInfo* info = input_or_null(inputs, i); info && info->dtype != inputs[0]->dtype)
      return invalid_model("inputs must have one type, got " + std::string(to_string(inputs[0]->dtype)) + " and " +
                           std::string(to_string(info->dtype)));
  OFFRAMP_TRY(const Sizes s, read_sizes(node, inputs));
  const Dim directions{s.directions, false}, rows{s.gates * s.hidden, false}, hidden{s.hidden, false};
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 1, "the weight", {directions, rows, {s.features, false}}));
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 2, "the recurrent weight", {directions, rows, hidden}));
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 3, "the bias", {directions, {2 * s.gates * s.hidden, false}}));
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 4, "sequence_lens", {s.batch}));
  if (const ValueInfo* lengths = input_or_null(inputs, 4); lengths && lengths->dtype != DType::kI32)
    return invalid_model("sequence_lens must be i32, got " + std::string(to_string(lengths->dtype)));
  OFFRAMP_RETURN_IF_ERROR(expect_state(inputs, 5, "the initial hidden state", s));
  OFFRAMP_RETURN_IF_ERROR(expect_state(inputs, 6, "the initial cell state", s));
  OFFRAMP_RETURN_IF_ERROR(expect_shape(inputs, 7, "the peephole weight", {directions, {3 * s.hidden, false}}));
  const Dim steps{s.steps, false};
  const Shape all = s.batch_first ? Shape{s.batch, steps, directions, hidden} : Shape{steps, directions, s.batch, hidden};
  const Shape last = s.batch_first ? Shape{s.batch, directions, hidden} : Shape{directions, s.batch, hidden};
  std::vector<ValueInfo> outputs = {make_info(inputs[0]->dtype, all), make_info(inputs[0]->dtype, last)};
  if (node.op == "LSTM") outputs.push_back(make_info(inputs[0]->dtype, last));
  return outputs;
}

int64_t recurrent_macs(const Node&, std::span<const Dims> inputs, std::span<const Dims>) {
  return inputs[0][0] * inputs[0][1] * (element_count(inputs[1]) + element_count(inputs[2]));
}

}  // namespace

void register_recurrent(Registry& registry) {
  for (const char* op : {"RNN", "GRU", "LSTM"}) {
    add_operator(registry, op, 3, std::string(op) == "LSTM" ? 8 : 6, infer_recurrent);
    registry[op].macs = recurrent_macs;
  }
}

}  // namespace offramp::ops
