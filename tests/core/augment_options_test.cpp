// What an augmentation's options may be, and what is said of others.
#include <doctest/doctest.h>

#include "augment_options.h"

namespace offramp {
namespace {

std::string refusal(const char* json) {
  const auto options = read_augment_options(Json::parse(json));
  REQUIRE(!options.ok());
  CHECK(options.error().code == ErrorCode::kInvalidArgument);
  return options.error().to_string();
}

TEST_CASE("augment options: limits of the search") {
  const auto options = read_augment_options(
      Json::parse(R"({"max_drop_pp": 0.5, "max_class_drop_pp": 2, "min_accuracy": 0.9, "max_exits": 8, "rule": "weighted", "cost_weight": 0.7})"));
  REQUIRE(options.ok());
  CHECK(options->search.max_drop == 0.005);
  CHECK(options->search.max_class_drop == 0.02);
  CHECK(options->search.min_accuracy == 0.9);
  CHECK(options->search.max_exits == 8);
  CHECK(options->search.rule == Rule::kWeighted);
  CHECK(options->search.cost_weight == 0.7);
  const auto defaults = read_augment_options(Json::object());
  REQUIRE(defaults.ok());
  CHECK(!defaults->search.max_class_drop);
  CHECK(!defaults->search.min_accuracy);
  CHECK(defaults->search.max_exits == 2);
  CHECK(defaults->search.rule == Rule::kHarm);
}

TEST_CASE("augment options: class weights") {
  CHECK(!read_augment_options(Json::object())->balanced_classes);
  CHECK(!read_augment_options(Json{{"class_weights", "none"}})->balanced_classes);
  CHECK(read_augment_options(Json{{"class_weights", "balanced"}})->balanced_classes);
  CHECK(refusal(R"({"class_weights": [1, 2]})") == R"(option class_weights: expected "none" or "balanced", got [1,2])");
}

TEST_CASE("augment options: refused in words") {
  CHECK(refusal(R"({"max_exits": 9})") == "option max_exits: expected an integer from 0 to 8, got 9");
  CHECK(refusal(R"({"max_class_drop_pp": -1})") == "option max_class_drop_pp: expected a number from 0.0 to 100.0, got -1");
  CHECK(refusal(R"({"min_accuracy": 90})") == "option min_accuracy: expected a number from 0.0 to 1.0, got 90");
  CHECK(refusal(R"({"rule": "luck"})") == R"(option rule: expected "harm", "accuracy" or "weighted", got "luck")");
}

}  // namespace
}  // namespace offramp
