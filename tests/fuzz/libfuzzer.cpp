// One libFuzzer program per target, which OFFRAMP_FUZZ_TARGET names.
#include <cstdio>
#include <cstdlib>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (offramp::fuzz::OFFRAMP_FUZZ_TARGET({data, size}) == "internal") {
    std::fputs("an error of ours, not of the input's\n", stderr);
    std::abort();
  }
  return 0;
}
