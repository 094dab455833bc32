// A small learned gate: how likely a head's answer is right, from its three plain scores together.
#pragma once
#include "heads/outcomes.h"

namespace offramp {

// Logistic regression of `right` on a row's largest probability, margin and 1 - normalised entropy at the temperature: the least
// mean negative log-likelihood + kGateRidge / 2 times the sum of squares of the weights of standardised scores and of the
// constant. Rows that score NaN are passed over; without rows the gate rises with the largest probability.
// Shapes: logits f32 [rows, classes], right one per row. Precondition: temperature > 0. The same bits on every host.
// Source: Newton's method, Nelder and Wedderburn 1972, with halved steps where one does not lessen the loss.
GateWeights fit_gate(const Tensor& logits, std::span<const uint8_t> right, float temperature);

// Keeps weights finite where scores tell right from wrong perfectly, or all rows are right.
inline constexpr double kGateRidge = 1e-4;

}  // namespace offramp
