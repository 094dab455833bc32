// The models that tests/zoo writes: their names and bytes.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace offramp {

struct ZooModel {
  std::string name;
  std::string dtype;  // of its input
  std::vector<uint8_t> onnx;
};

// Empty if OFFRAMP_ZOO names no folder, which the caller must say. The folder must be whole.
std::vector<ZooModel> read_zoo();

}  // namespace offramp
