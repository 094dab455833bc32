#include "augment_options.h"

#include <functional>
#include <map>

namespace offramp {
namespace {

Result<double> number_between(const Json& value, double low, double high) {
  if (!value.is_number() || value.get<double>() < low || value.get<double>() > high)
    return invalid_argument("expected a number from " + Json(low).dump() + " to " + Json(high).dump() + ", got " + value.dump());
  return value.get<double>();
}

Result<int64_t> integer_between(const Json& value, int64_t low, int64_t high) {
  if (!value.is_number_integer() || value.get<int64_t>() < low || value.get<int64_t>() > high)
    return invalid_argument("expected an integer from " + std::to_string(low) + " to " + std::to_string(high) + ", got " +
                            value.dump());
  return value.get<int64_t>();
}

Result<bool> second_of(const Json& value, const char* first, const char* second) {
  if (value == first) return false;
  if (value == second) return true;
  return invalid_argument(std::string("expected \"") + first + "\" or \"" + second + "\", got " + value.dump());
}

// Assigns a Result's value or returns its error.
template <class T, class R>
Status assign(T& to, R&& result) {
  if (!result) return std::move(result).error();
  to = T(*result);
  return {};
}

Status read_labels(const Json& value, std::vector<std::string>& labels) {
  if (!value.is_array()) return invalid_argument("expected an array of strings");
  for (const Json& label : value) {
    if (!label.is_string()) return invalid_argument("expected an array of strings");
    labels.push_back(label.get<std::string>());
  }
  return {};
}

}  // namespace

Result<AugmentOptions> read_augment_options(const Json& json) {
  if (!json.is_object()) return invalid_argument("options must be an object");
  AugmentOptions options;
  options.train.epochs = kAutomaticEpochs;
  std::optional<double> confidence;  // percent
  const std::map<std::string, std::function<Status(const Json&)>> readers = {
      {"max_drop_pp", [&](const Json& v) -> Status {
         double percent = 1;
         OFFRAMP_RETURN_IF_ERROR(assign(percent, number_between(v, 0, 100)));
         options.search.max_drop = percent / 100;
         options.has_max_drop = true;
         return {};
       }},
      {"certify_pp", [&](const Json& v) -> Status {
         double percent = 1;
         OFFRAMP_RETURN_IF_ERROR(assign(percent, number_between(v, 0.01, 50)));
         options.certify.emplace();
         options.certify->alpha = percent / 100;
         return {};
       }},
      {"confidence", [&](const Json& v) { return assign(confidence, number_between(v, 50, 99.99)); }},
      {"paper_cost_weight", [&](const Json& v) -> Status {
         OFFRAMP_RETURN_IF_ERROR(assign(options.paper.cost_weight, number_between(v, 0, 1)));
         options.paper.accuracy_weight = 1 - options.paper.cost_weight;
         return {};
       }},
      {"paper_correction", [&](const Json& v) { return assign(options.paper.correction, number_between(v, 0.1, 1)); }},
      {"rule", [&](const Json& v) -> Status {
         for (const Rule rule : {Rule::kHarm, Rule::kAccuracy, Rule::kWeighted})
           if (v == to_string(rule)) return options.search.rule = rule, Status{};
         return invalid_argument("expected \"harm\", \"accuracy\" or \"weighted\", got " + v.dump());
       }},
      {"cost_weight", [&](const Json& v) { return assign(options.search.cost_weight, number_between(v, 0, 1)); }},
      {"max_class_drop_pp", [&](const Json& v) -> Status {
         double percent = 0;
         OFFRAMP_RETURN_IF_ERROR(assign(percent, number_between(v, 0, 100)));
         options.search.max_class_drop = percent / 100;
         return {};
       }},
      {"min_accuracy", [&](const Json& v) { return assign(options.search.min_accuracy, number_between(v, 0, 1)); }},
      {"max_exits", [&](const Json& v) { return assign(options.search.max_exits, integer_between(v, 0, kMaxExits)); }},
      {"levels", [&](const Json& v) { return assign(options.search.levels, integer_between(v, 2, 1024)); }},
      {"seed", [&](const Json& v) { return assign(options.train.seed, integer_between(v, 0, int64_t{1} << 53)); }},
      {"epochs", [&](const Json& v) { return assign(options.train.epochs, integer_between(v, 1, 1000)); }},
      {"class_weights", [&](const Json& v) { return assign(options.balanced_classes, second_of(v, "none", "balanced")); }},
      {"promising", [&](const Json& v) { return assign(options.promising, integer_between(v, 1, 64)); }},
      {"method", [&](const Json& v) { return assign(options.paper_method, second_of(v, "joint", "paper")); }},
      {"backend", [&](const Json& v) -> Status {
         bool reference = false;
         OFFRAMP_RETURN_IF_ERROR(assign(reference, second_of(v, "xnnpack", "reference")));
         options.backend = reference ? Backend::kReference : Backend::kXnnpack;
         return {};
       }},
      {"preprocess", [&](const Json& v) { return assign(options.preprocess, Preprocess::parse(v)); }},
      {"targets", [&](const Json& v) { return assign(options.mapping.targets, read_targets(v)); }},
      {"cost", [&](const Json& v) { return assign(options.mapping.cost, read_cost(v)); }},
      {"max_latency_ms", [&](const Json& v) -> Status {
         double milliseconds = 0;
         OFFRAMP_RETURN_IF_ERROR(assign(milliseconds, number_between(v, 1e-6, 1e9)));
         options.mapping.max_latency_ns = milliseconds * 1e6;
         return {};
       }},
      {"measured_macs_per_s", [&](const Json& v) { return assign(options.mapping.measured_macs_per_s, number_between(v, 1, 1e18)); }},
      {"labels", [&](const Json& v) { return read_labels(v, options.labels); }},
  };
  for (const auto& [key, value] : json.items()) {
    const auto reader = readers.find(key);
    if (reader == readers.end()) return invalid_argument("unknown option \"" + key + "\"");
    if (auto status = reader->second(value); !status) return std::move(status).error().within("option " + key);
  }
  OFFRAMP_RETURN_IF_ERROR(complete(options.mapping).within("option targets"));
  if (confidence && !options.certify) return invalid_argument("option confidence: it is that of a certificate; certify_pp asks for one");
  if (options.certify && options.paper_method) return invalid_argument("option certify_pp: the paper's method has no certificate; choose the method \"joint\"");
  if (options.certify && options.mapping.targets) return invalid_argument("option certify_pp: not with targets, whose links may change answers");
  if (confidence) options.certify->delta = 1 - *confidence / 100;
  // Without a limit of the user's own, the certificate's is what the search aims for.
  if (options.certify && !options.has_max_drop) options.search.max_drop = options.certify->alpha;
  return options;
}

}  // namespace offramp
