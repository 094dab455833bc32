#include "exec/xnnpack/status.h"

#include <string>

namespace offramp::xnnpack {

Status check(xnn_status status, const char* what) {
  const auto message = [&](const char* why) { return std::string("XNNPACK could not ") + what + ": " + why; };
  switch (status) {
    case xnn_status_success: return {};
    case xnn_status_uninitialized: return internal_error(message("it is not initialised"));
    case xnn_status_invalid_parameter: return internal_error(message("invalid parameter"));
    case xnn_status_invalid_state: return internal_error(message("invalid state"));
    case xnn_status_unsupported_parameter: return unsupported(message("unsupported parameter"));
    case xnn_status_unsupported_hardware: return unsupported(message("unsupported hardware"));
    case xnn_status_out_of_memory: return limit_exceeded(message("out of memory"));
    default: return internal_error(message(("status " + std::to_string(int(status))).c_str()));
  }
}

Status initialize() {
  static const xnn_status status = xnn_initialize(nullptr);
  return check(status, "be initialised");
}

}  // namespace offramp::xnnpack
