// Result<T> and Error: how every core function that can fail says so. The core never throws.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace offramp {

// The whole list; mirrored in wasm/engine/src/errors.ts.
enum class ErrorCode {
  kInvalidArgument,  // a caller's option or call order
  kInvalidModel,     // ONNX bytes or a graph that breaks ONNX's rules
  kUnsupported,      // valid, but an operator, type or shape we do not run
  kInvalidData,      // samples or labels
  kInvalidPackage,   // an .offramp package
  kInfeasible,       // no plan meets the constraints
  kLimitExceeded,    // a size cap for untrusted input
  kCancelled,
  kRemote,           // a remote stage
  kInternal,         // our own bug
};

// snake_case name of a code, as seen by JavaScript and in --json output.
std::string_view to_string(ErrorCode code);

// What was seen, what is allowed, and where: context runs from the outside in.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::vector<std::string> context;

  // The same error seen from one level further out.
  Error within(std::string_view frame) &&;
  // "loading model > node conv1 (Conv): expected 2 strides, got 3"
  std::string to_string() const;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <class U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result<T>>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }
  Result within(std::string_view frame) && {
    if (!ok()) return std::move(*this).error().within(frame);
    return std::move(*this);
  }

 private:
  std::variant<T, Error> state_;
};

// Result without a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::in_place_index<1>, std::move(error)) {}
  bool ok() const { return error_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *std::get_if<1>(&error_); }
  Error&& error() && { return std::move(*std::get_if<1>(&error_)); }
  Status within(std::string_view frame) && {
    if (!ok()) return std::move(*this).error().within(frame);
    return std::move(*this);
  }

 private:
  std::variant<std::monostate, Error> error_;
};

inline Error invalid_argument(std::string m) { return {ErrorCode::kInvalidArgument, std::move(m), {}}; }
inline Error invalid_model(std::string m) { return {ErrorCode::kInvalidModel, std::move(m), {}}; }
inline Error unsupported(std::string m) { return {ErrorCode::kUnsupported, std::move(m), {}}; }
inline Error invalid_data(std::string m) { return {ErrorCode::kInvalidData, std::move(m), {}}; }
inline Error invalid_package(std::string m) { return {ErrorCode::kInvalidPackage, std::move(m), {}}; }
inline Error infeasible(std::string m) { return {ErrorCode::kInfeasible, std::move(m), {}}; }
inline Error limit_exceeded(std::string m) { return {ErrorCode::kLimitExceeded, std::move(m), {}}; }
inline Error internal_error(std::string m) { return {ErrorCode::kInternal, std::move(m), {}}; }

// Our own bug, never bad input: names the module and stops.
[[noreturn]] void check_failed(const char* file, int line, const char* what);
#define OFFRAMP_CHECK(condition) \
  ((condition) ? void(0) : ::offramp::check_failed(__FILE__, __LINE__, #condition))

#define OFFRAMP_CONCAT_(a, b) a##b
#define OFFRAMP_CONCAT(a, b) OFFRAMP_CONCAT_(a, b)
// OFFRAMP_TRY(auto x, f()): x is f's value, or the enclosing function returns f's error.
#define OFFRAMP_TRY(declaration, ...) OFFRAMP_TRY_(OFFRAMP_CONCAT(try_result_, __LINE__), declaration, __VA_ARGS__)
#define OFFRAMP_TRY_(name, declaration, ...)   \
  auto name = (__VA_ARGS__);                   \
  if (!name) return std::move(name).error();   \
  declaration = std::move(name).value()
// The same for a Status.
#define OFFRAMP_RETURN_IF_ERROR(...) \
  if (auto status_ = (__VA_ARGS__); !status_) return std::move(status_).error()

}  // namespace offramp
