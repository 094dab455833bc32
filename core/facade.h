// What the facade's own sources share; hosts do not see it.
#pragma once
#include <span>

#include "base/byte_source.h"
#include "base/json.h"
#include "graph/graph.h"
#include "search/certificate.h"
#include "search/metrics.h"

namespace offramp {

// One input, f32 or i64 or i32 tokens; one output of f32 logits [N, classes]. Errors: kUnsupported saying which of these fails.
Status check_classifier(const Graph& graph);

// As load_model, for a classifier that can run; a softmax at the end is left off, and tokens are taken as f32.
Result<Graph> load_classifier(const ByteSource& onnx);

// The nodes for drawing: [{name, op, macs, shape, inputs: [node numbers]}].
Json network_json(const Graph& graph);

// Changes against the base, in percentage points, as the plan P and `evaluate` state them: accuracy, accuracy_change_pp, harm_pp,
// harmed and mended (rows that only the base, only the answer gets right), macro_f1_change_pp, class_recall_change_pp (null for a
// class without rows), accuracy_95.
Json comparison_json(std::span<const int32_t> labels, std::span<const int32_t> base, std::span<const int32_t> answers,
                     int32_t classes);

// The plan's certificate, null if there is none: {alpha, delta, rows, losses, risk, p_value, loss, plain}.
Json certificate_json(const CertificateResult& result);
// How the test went, also where it gave none: {alpha, delta, rows_needed, plans_tested, plain}. `bounded`: by the user's own limit.
Json certify_search_json(const CertificateOptions& asked, const CertificateResult& result, bool bounded);

}  // namespace offramp
