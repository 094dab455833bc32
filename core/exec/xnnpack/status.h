// XNNPACK's status codes as typed errors, and its one-time initialisation.
#pragma once
#include <xnnpack.h>

#include "base/result.h"

namespace offramp::xnnpack {

// Errors: kUnsupported for what this build or machine lacks, kLimitExceeded without memory, else kInternal.
Status check(xnn_status status, const char* what);

// Initialises XNNPACK on first use.
Status initialize();

}  // namespace offramp::xnnpack
