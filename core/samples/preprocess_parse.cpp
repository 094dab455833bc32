// Preprocessing steps from JSON and back. Descriptions come from outside: every key, type and range is checked.
#include <cfloat>
#include <cmath>

#include "samples/object_reader.h"
#include "samples/samples.h"

namespace offramp {
namespace {

constexpr size_t kMaxSteps = 64;
constexpr size_t kMaxRank = 8;
constexpr size_t kMaxChannels = 65536;

using Step = Preprocess::Step;

// A list of finite f32, e.g. a normalisation's means.
std::vector<float> f32_list(ObjectReader& reader, const char* key, bool positive) {
  std::vector<float> list;
  for (const Json& item : reader.array(key, 1, kMaxChannels)) {
    const double value = item.is_number() ? item.get<double>() : NAN;
    // Past FLT_MAX the conversion to float would not be defined, and below FLT_MIN it may give the 0 that divides.
    if (!(std::fabs(value) <= double(FLT_MAX)) || (positive && !(value >= double(FLT_MIN)))) {
      reader.fail(in_quotes(key) + " must hold finite 32-bit numbers" + (positive ? " above 0" : "") + ", got " +
                  (item.is_number() ? item.dump() : item.type_name()));
      return {0.0f};
    }
    list.push_back(float(value));
  }
  return list;
}

std::vector<int64_t> integer_list(ObjectReader& reader, const char* key) {
  std::vector<int64_t> list;
  for (const Json& item : reader.array(key, 1, kMaxRank)) {
    const auto value = integer_of(item);
    if (!value) {
      reader.fail(in_quotes(key) + " must hold integers, got " + (item.is_number() ? item.dump() : item.type_name()));
      return {};
    }
    list.push_back(*value);
  }
  return list;
}

Step read_normalize(ObjectReader& reader) {
  Preprocess::Normalize step;
  step.mean = f32_list(reader, "mean", false);
  step.std = f32_list(reader, "std", true);
  // One mean for everything needs no axis.
  if (reader.has("axis") || step.mean.size() > 1 || step.std.size() > 1) {
    step.axis = reader.integer("axis", -int64_t(kMaxRank), int64_t(kMaxRank) - 1);
    if (reader.ok() && step.axis == 0) reader.fail("\"axis\" must not be 0, which is the axis of the rows");
  } else {
    step.axis = -1;
  }
  const size_t mean = step.mean.size(), std = step.std.size();
  if (reader.ok() && mean != std && mean != 1 && std != 1)
    reader.fail("\"mean\" and \"std\" must be of one length or of length 1, got " + std::to_string(mean) + " and " +
                std::to_string(std));
  return step;
}

Step read_transpose(ObjectReader& reader) {
  Preprocess::Transpose step{integer_list(reader, "axes")};
  if (!reader.ok()) return step;
  std::vector<bool> seen(step.axes.size(), false);
  bool permutes = step.axes[0] == 0;
  for (int64_t axis : step.axes) {
    if (axis < 0 || axis >= int64_t(seen.size()) || seen[size_t(axis)]) permutes = false;
    else seen[size_t(axis)] = true;
  }
  if (!permutes)
    reader.fail("\"axes\" must be 0, the rows, and then every other axis up to " +
                std::to_string(step.axes.size() - 1) + " once, got " + to_string(step.axes));
  return step;
}

Step read_reshape(ObjectReader& reader) {
  Preprocess::Reshape step{integer_list(reader, "shape")};
  if (!reader.ok()) return step;
  bool fits = step.shape[0] == -1;
  for (size_t i = 1; i < step.shape.size(); ++i) fits = fits && step.shape[i] >= 1;
  if (!fits)
    reader.fail("\"shape\" must be -1, the rows, and then positive sizes, got " + to_string(step.shape));
  else if (!checked_element_count(Dims(step.shape.begin() + 1, step.shape.end())))
    reader.fail("\"shape\" " + to_string(step.shape) + " has more than " + std::to_string(kMaxTensorElements) +
                " elements per row");
  return step;
}

Result<Step> read_step(const Json& json, const std::string& op) {
  ObjectReader reader(json, ErrorCode::kInvalidData);
  reader.one_of("op", {"scale", "normalize", "standardize", "transpose", "reshape"});
  Step step;
  if (op == "scale") step = Preprocess::Scale{reader.f32("by", -FLT_MAX, FLT_MAX)};
  else if (op == "normalize") step = read_normalize(reader);
  else if (op == "standardize") step = Preprocess::Standardize{reader.f32("epsilon", 0, FLT_MAX)};
  else if (op == "transpose") step = read_transpose(reader);
  else if (op == "reshape") step = read_reshape(reader);
  OFFRAMP_RETURN_IF_ERROR(reader.finish());
  return step;
}

Json list_json(const std::vector<float>& values) {
  Json list = Json::array();
  for (float value : values) list.push_back(shortest_json(value));
  return list;
}

struct ToJson {
  Json operator()(const Preprocess::Scale& step) const { return {{"op", "scale"}, {"by", shortest_json(step.by)}}; }
  Json operator()(const Preprocess::Normalize& step) const {
    return {{"op", "normalize"}, {"mean", list_json(step.mean)}, {"std", list_json(step.std)}, {"axis", step.axis}};
  }
  Json operator()(const Preprocess::Standardize& step) const {
    return {{"op", "standardize"}, {"epsilon", shortest_json(step.epsilon)}};
  }
  Json operator()(const Preprocess::Transpose& step) const { return {{"op", "transpose"}, {"axes", step.axes}}; }
  Json operator()(const Preprocess::Reshape& step) const { return {{"op", "reshape"}, {"shape", step.shape}}; }
};

}  // namespace

Result<Preprocess> Preprocess::parse(const Json& steps) {
  if (!steps.is_array())
    return invalid_data(std::string("\"preprocess\" must be an array of steps, got ") + steps.type_name());
  if (steps.size() > kMaxSteps)
    return invalid_data("\"preprocess\" must have at most " + std::to_string(kMaxSteps) + " steps, got " +
                        std::to_string(steps.size()));
  Preprocess preprocess;
  for (const Json& json : steps) {
    std::string op;
    if (json.is_object() && json.contains("op") && json["op"].is_string()) op = json["op"].get<std::string>();
    std::string frame = "preprocess step " + std::to_string(preprocess.steps_.size() + 1);
    auto step = read_step(json, op);
    const bool known = step.ok() || op == "scale" || op == "normalize" || op == "standardize" || op == "transpose" ||
                       op == "reshape";
    if (known && !op.empty()) frame += " (" + op + ")";
    if (!step) return std::move(step).error().within(frame);
    preprocess.steps_.push_back(std::move(step).value());
  }
  return preprocess;
}

Json Preprocess::to_json() const {
  Json steps = Json::array();
  for (const Step& step : steps_) steps.push_back(std::visit(ToJson{}, step));
  return steps;
}

}  // namespace offramp
