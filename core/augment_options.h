// The Augmenter's options, read from JSON.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "exec/session.h"
#include "heads/heads.h"
#include "mapping_options.h"
#include "samples/samples.h"
#include "search/certificate.h"
#include "search/paper_method.h"
#include "search/search.h"

namespace offramp {

// For TrainOptions::epochs: as many as a few thousand steps take, since few rows need more passes.
inline constexpr int kAutomaticEpochs = 0, kLeastEpochs = 12, kMostEpochs = 200;

struct AugmentOptions {
  SearchOptions search;
  TrainOptions train;
  bool balanced_classes = false;  // rare classes weigh more while heads are trained
  bool paper_method = false;    // package the paper's plan instead of ours
  PaperOptions paper;
  std::optional<CertificateOptions> certify;
  bool has_max_drop = false;    // the user's own limit, which bounds a certified plan too
  int promising = 6;            // exit points that get the whole head family after screening
  Backend backend = Backend::kXnnpack;
  Preprocess preprocess;
  MappingOptions mapping;
  std::vector<std::string> labels;
};

// Errors: kInvalidArgument naming the option and what it may be; unknown options are named too.
Result<AugmentOptions> read_augment_options(const Json& json);

}  // namespace offramp
