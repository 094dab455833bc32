// manifest.json as the rest of the module sees it. docs/manifest.schema.json says the same in JSON Schema.
#pragma once
#include <string>
#include <vector>

#include "package/package.h"

namespace offramp {

inline constexpr int64_t kPackageVersion = 1;
inline constexpr size_t kMaxStages = 64;
inline constexpr size_t kMaxManifestBytes = size_t{16} << 20;
inline constexpr const char* kManifestName = "manifest.json";

struct ManifestStage {
  std::string file, sha256;
  int64_t bytes = 0, macs = 0;
  bool has_exit = false;  // with a head; the last has none
  int64_t head_macs = 0, head_parameters = 0;
  std::string at;
  Score score = Score::kMaxProbability;
  float temperature = 1, threshold = 0;
  GateWeights gate{};
  Dims boundary;  // without the batch; the last has none
};

struct Manifest {
  std::string input_name;
  Dims input_shape;  // without the batch
  int32_t classes = 0;
  std::vector<std::string> labels;
  Preprocess preprocess;
  int64_t base_macs = 0;
  std::vector<ManifestStage> stages;
};

// Checks every key, type and range, and what a schema cannot say: that counts agree with each other.
// Errors: kInvalidPackage naming the key.
Result<Manifest> parse_manifest(const Json& json);

// Whether a name can stand in a package: relative, forward slashes, no part that starts with a dot.
bool is_package_path(std::string_view name);

}  // namespace offramp
