// offramp_probe: the core as a command for tests that compare hosts and backends. The first argument says what to do.
#include <cstdio>
#include <cstring>

#include "augment_probe.h"
#include "extraction_probe.h"
#include "model_probe.h"
#include "zoo_probe.h"

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (std::strcmp(what, "logits") == 0) return logits_probe(argc, argv);
  if (std::strcmp(what, "bench") == 0) return bench_probe(argc, argv);
  if (std::strcmp(what, "augment") == 0) return augment_probe(argc, argv);
  if (std::strcmp(what, "extraction") == 0) return extraction_probe(argc, argv);
  if (std::strcmp(what, "zoo") == 0) return zoo_probe(argc, argv);
  std::fprintf(stderr, "usage: offramp_probe logits|bench|augment|extraction|zoo ...\n");
  return 2;
}
