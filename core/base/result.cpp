#include "base/result.h"

namespace offramp {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid_argument";
    case ErrorCode::kInvalidModel: return "invalid_model";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kInvalidData: return "invalid_data";
    case ErrorCode::kInvalidPackage: return "invalid_package";
    case ErrorCode::kInfeasible: return "infeasible";
    case ErrorCode::kLimitExceeded: return "limit_exceeded";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kRemote: return "remote";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

Error Error::within(std::string_view frame) && {
  context.insert(context.begin(), std::string(frame));
  return std::move(*this);
}

std::string Error::to_string() const {
  std::string text;
  for (const std::string& frame : context) text += (text.empty() ? "" : " > ") + frame;
  return text.empty() ? message : text + ": " + message;
}

void check_failed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "offramp: internal check failed at %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace offramp
