// In place of XNNPACK's fallback kernels: an operator without a kernel of its own is refused, and runs in our reference.
#include "xnnpack/reference-config.h"

const struct xnn_unary_elementwise_config* xnn_init_unary_reference_config(
    enum xnn_unary_operator op, enum xnn_datatype input, enum xnn_datatype output) {
  (void) op, (void) input, (void) output;
  return NULL;
}

const struct xnn_binary_elementwise_config* xnn_init_binary_reference_config(
    enum xnn_binary_operator op, enum xnn_datatype datatype) {
  (void) op, (void) datatype;
  return NULL;
}
