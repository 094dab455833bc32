// Result, Status and Error: values pass through, errors gather context from the inside out.
#include "base/result.h"

#include <doctest/doctest.h>

#include <memory>

namespace offramp {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return invalid_argument("expected an even number, got " + std::to_string(value));
  return value / 2;
}

Result<int> quarter(int value) {
  OFFRAMP_TRY(const int once, half(value));
  OFFRAMP_TRY(const int twice, half(once).within("second half"));
  return twice;
}

Status check_quarter(int value) {
  OFFRAMP_RETURN_IF_ERROR([&]() -> Status {
    auto result = quarter(value);
    return result ? Status() : Status(std::move(result).error());
  }());
  return {};
}

TEST_CASE("a value passes through, an error returns early with its context from the outside in") {
  CHECK(*quarter(12) == 3);
  CHECK(half(4).ok());
  const auto inner = quarter(6).within("quartering").within("test");
  REQUIRE_FALSE(inner.ok());
  CHECK(inner.error().code == ErrorCode::kInvalidArgument);
  CHECK(inner.error().message == "expected an even number, got 3");
  CHECK(inner.error().context == std::vector<std::string>{"test", "quartering", "second half"});
  CHECK(inner.error().to_string() == "test > quartering > second half: expected an even number, got 3");
  CHECK(quarter(5).error().to_string() == "expected an even number, got 5");
  CHECK(check_quarter(8).ok());
  CHECK(check_quarter(5).within("outer").error().to_string() == "outer: expected an even number, got 5");
  CHECK(Status().within("unused").ok());
}

TEST_CASE("a result holds what can only be moved, and converts like its type") {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  REQUIRE(made.ok());
  const std::unique_ptr<int> taken = std::move(made).value();
  CHECK(*taken == 7);
  const Result<std::string> text = "literal";
  CHECK(*text == "literal");
  CHECK(text->size() == 7);
  const Result<std::vector<int>> kept = Result<std::vector<int>>(std::vector<int>{1, 2}).within("unused");
  CHECK(kept->size() == 2);
}

TEST_CASE("every code has the snake_case name that JavaScript sees") {
  const std::vector<std::pair<ErrorCode, std::string>> names = {
      {ErrorCode::kInvalidArgument, "invalid_argument"}, {ErrorCode::kInvalidModel, "invalid_model"},
      {ErrorCode::kUnsupported, "unsupported"},          {ErrorCode::kInvalidData, "invalid_data"},
      {ErrorCode::kInvalidPackage, "invalid_package"},   {ErrorCode::kInfeasible, "infeasible"},
      {ErrorCode::kLimitExceeded, "limit_exceeded"},     {ErrorCode::kCancelled, "cancelled"},
      {ErrorCode::kRemote, "remote"},                    {ErrorCode::kInternal, "internal"}};
  for (const auto& [code, name] : names) CHECK(to_string(code) == name);
  CHECK(unsupported("m").code == ErrorCode::kUnsupported);
  CHECK(infeasible("m").code == ErrorCode::kInfeasible);
  CHECK(internal_error("m").code == ErrorCode::kInternal);
}

}  // namespace
}  // namespace offramp
