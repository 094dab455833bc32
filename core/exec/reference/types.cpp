#include "exec/reference/types.h"

namespace offramp::reference {

Result<Tensor> widen(const Tensor& x) {
  return type_bit(x.dtype()) & kIntegers ? cast_tensor(x, DType::kI64) : Result<Tensor>(x);
}

Tensor map_in_place(Tensor x, ElementLoop loop, const void* state) {
  loop(x.mutable_raw(), x.elements(), state);
  return x;
}

}  // namespace offramp::reference
