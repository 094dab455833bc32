// What the probe's subcommands share.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

inline std::vector<uint8_t> read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline int fail(const offramp::Error& error) {
  std::fprintf(stderr, "%s\n", error.to_string().c_str());
  return 1;
}

// "200x3x32x32"
inline offramp::Dims parse_dims(const char* text) {
  offramp::Dims dims;
  for (char* end = const_cast<char*>(text); *end; end += *end == 'x') dims.push_back(std::strtoll(end, &end, 10));
  return dims;
}
