// Element types as sets, and how a loop is written once for many of them.
#pragma once
#include "exec/reference/arguments.h"

namespace offramp::reference {

template <class... T>
struct TypeList {};
using Floats = TypeList<float, double>;
using Integers = TypeList<int64_t, int32_t, int16_t, int8_t, uint16_t, uint8_t>;
using SignedNumbers = TypeList<float, double, int64_t, int32_t, int16_t, int8_t>;
using ReducedTypes = TypeList<float, double, int64_t, int32_t, int8_t, uint8_t>;
using PooledTypes = TypeList<float, double, int8_t, uint8_t>;
using UnsignedIntegers = TypeList<uint16_t, uint8_t>;
using Numbers = TypeList<float, double, int64_t, int32_t, int16_t, int8_t, uint16_t, uint8_t>;

template <class... T>
constexpr TypeSet types_of(TypeList<T...>) {
  return (type_bit(DTypeOf<T>::value) | ...);
}

// Sets in the rows of kernels.
inline constexpr TypeSet kAny = ~TypeSet{0};
inline constexpr TypeSet kBool = type_bit(DType::kBool), kF32 = type_bit(DType::kF32);
inline constexpr TypeSet kIndices = type_bit(DType::kI64) | type_bit(DType::kI32);
inline constexpr TypeSet kFloats = types_of(Floats{}), kNumbers = types_of(Numbers{});
inline constexpr TypeSet kSigned = types_of(SignedNumbers{});
inline constexpr TypeSet kReduced = types_of(ReducedTypes{}), kPooled = types_of(PooledTypes{});
inline constexpr TypeSet kIntegers = types_of(Integers{}), kUnsigned = types_of(UnsignedIntegers{});

// The elements as T, whatever the tensor calls them: bool is read as bytes, because a hostile file may hold others than
// 0 and 1. Precondition: T has the size of the tensor's elements.
template <class T>
const T* elements(const Tensor& tensor) {
  return reinterpret_cast<const T*>(tensor.raw());
}
template <class T>
T* mutable_elements(Tensor& tensor) {
  return reinterpret_cast<T*>(tensor.mutable_raw());
}

// function(T{}) for the T of the list that `dtype` names. Errors: kUnsupported if there is none.
template <class... T, class Function>
auto for_type(TypeList<T...> list, DType dtype, Function&& function) -> decltype(function(float{})) {
  std::optional<decltype(function(float{}))> result;
  ((DTypeOf<T>::value == dtype ? (void)result.emplace(function(T{})) : (void)0), ...);
  if (!result) return unsupported(type_refusal("the input", dtype, types_of(list)));
  return std::move(*result);
}

// out = function(x), element by element.
template <class T, class Function>
Outputs map_elements(const Tensor& x, Function&& function) {
  Tensor out = x;
  for (T& value : out.mutable_data<T>()) value = function(value);
  return one(std::move(out));
}

}  // namespace offramp::reference
