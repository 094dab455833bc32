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
// What loops over all numbers are compiled for. Narrower integers are computed in 64 bits, where nothing of theirs
// overflows, or wraps around to the same low bits, and cut afterwards.
using WideNumbers = TypeList<float, double, int64_t>;
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

// Integers as i64, other tensors as they are.
Result<Tensor> widen(const Tensor& x);

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

template <TypeSet kAll, class First, class... Rest, class Function>
auto first_of_type(TypeList<First, Rest...>, DType dtype, Function&& function) -> decltype(function(float{})) {
  if (DTypeOf<First>::value == dtype) return function(First{});
  if constexpr (sizeof...(Rest) > 0)
    return first_of_type<kAll>(TypeList<Rest...>{}, dtype, function);
  else
    return unsupported(type_refusal("the input", dtype, kAll));
}

// function(T{}) for the T of the list that `dtype` names. Errors: kUnsupported if there is none.
template <class... T, class Function>
auto for_type(TypeList<T...> list, DType dtype, Function&& function) -> decltype(function(float{})) {
  return first_of_type<types_of(TypeList<T...>{})>(list, dtype, function);
}

// Applies `loop` to the elements of a copy. `state` is handed through to it.
using ElementLoop = void (*)(void* elements, int64_t count, const void* state);
Tensor map_in_place(Tensor x, ElementLoop loop, const void* state);

// out = function(x), element by element.
template <class T, class Function>
Outputs map_elements(const Tensor& x, const Function& function) {
  const auto loop = [](void* data, int64_t count, const void* state) {
    const Function apply = *static_cast<const Function*>(state);
    T* values = static_cast<T*>(data);
    for (int64_t i = 0; i < count; ++i) values[i] = apply(values[i]);
  };
  return one(map_in_place(x, loop, &function));
}

}  // namespace offramp::reference
