// One of ONNX's backend tests, run through the product's own path by both backends.
#pragma once
#include <string>

namespace offramp {

struct CaseResult {
  // "pass"; "pass with known shapes" or "pass with known inputs" if integer lists or all inputs had to be constants;
  // "unsupported: " and what; "fail".
  std::string verdict;
  std::string detail;  // of a failure
};

// `folder` has model.onnx and test_data_set_0, test_data_set_1, ... with input_N.pb and output_N.pb.
CaseResult run_case(const std::string& folder);

}  // namespace offramp
