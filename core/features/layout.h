// Where an exit point's channels are. Convolutions have them in front, [N, C, ...]; transformers, mixers and layers of
// TensorFlow behind, [N, T, C] and [N, H, W, C]. Heads pool over everything else, so for them channels go to the front.
#pragma once
#include "graph/graph.h"

namespace offramp {

// Told by the operators that read the value next, through element-wise ones: a matrix product or normalisation along the
// last axis against a convolution, pool or the like. In front if none tells.
bool has_channels_last(const Graph& graph, ValueId value);

// The shape, without the batch, that a head sees.
Dims head_shape(const Dims& shape, bool channels_last);

// Appends a Transpose that brings the channels to the front, if they are not there, and returns what a head reads.
ValueId add_channels_first(Graph& graph, ValueId value, size_t rank, bool channels_last);

}  // namespace offramp
