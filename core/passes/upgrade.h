// Parts of upgrade_opset that write whole nodes. They return whether they changed anything.
#pragma once
#include "graph/graph.h"

namespace offramp {

// Upsample, and Resize of opset 10 and of 18 on, as Resize-13; sizes that state one sample follow the batch.
bool upgrade_resizes(Graph& graph);

// Pad by repetition (opset 19) as slices of the input side by side.
bool upgrade_wrapped_pads(Graph& graph);

// The explicit broadcasting of opset 6: what `axis` aligns gets its trailing dimensions, where shapes are known.
Status upgrade_broadcasts(Graph& graph);

}  // namespace offramp
