// Element-wise functions, arithmetic, comparison and logic against ONNX Runtime and NumPy.
#include <doctest/doctest.h>

#include "exec_values.h"

namespace offramp {
namespace {

TEST_CASE("element-wise operators give known values") {
  static constexpr ValueCase kCases[] = {
      {"Sin", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {-0.681638718, -0.247403964, 0.0, 0.47942555, 0.767543495}
y = Sin(x)
output y)"},
      {"Cos", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {0.731688857, 0.968912423, 1.0, 0.87758255, 0.640996873}
y = Cos(x)
output y)"},
      {"Tan", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {-0.931596458, -0.255341917, 0.0, 0.546302497, 1.19742167}
y = Tan(x)
output y)"},
      {"Asin", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {-0.848062158, -0.252680272, 0.0, 0.523598731, 1.06543589}
y = Asin(x)
output y)"},
      {"Acos", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {2.41885853, 1.82347679, 1.57079637, 1.04719758, 0.505360484}
y = Acos(x)
output y)"},
      {"Atan", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {-0.643501163, -0.244978681, 0.0, 0.463647544, 0.718829989}
y = Atan(x)
output y)"},
      {"Sinh", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {-0.822316706, -0.252612323, 0.0, 0.521095276, 0.991006613}
y = Sinh(x)
output y)"},
      {"Cosh", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {1.29468334, 1.03141308, 1.0, 1.12762594, 1.40786862}
y = Cosh(x)
output y)"},
      {"Asinh", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {-0.693147182, -0.247466475, 0.0, 0.481211841, 0.790168762}
y = Asinh(x)
output y)"},
      {"Atanh", R"(const x f32 [5] = {-0.75, -0.25, 0.0, 0.5, 0.875}
const want f32 [5] = {-0.972955108, -0.255412817, 0.0, 0.549306154, 1.35402513}
y = Atanh(x)
output y)"},
      {"Acosh", R"(const x f32 [3] = {1.0, 1.5, 20.0}
const want f32 [3] = {0.0, 0.962423682, 3.68825388}
y = Acosh(x)
output y)"},
      {"IsNaN", R"(const x f32 [3] = {1.0, nan, inf}
const want bool [3] = {0, 1, 0}
y = IsNaN(x)
output y)"},
      {"IsInf", R"(const x f32 [4] = {1.0, nan, inf, -inf}
const want bool [4] = {0, 0, 1, 1}
y = IsInf(x)
output y)"},
      {"IsInf, positive only", R"(const x f32 [4] = {1.0, nan, inf, -inf}
const want bool [4] = {0, 0, 1, 0}
y = IsInf(x) {detect_negative = 0}
output y)"},
      {"integer Mod has the sign of the divisor", R"(const x i32 [6] = {-4, 7, 5, 4, -7, 8}
const a i32 [6] = {2, -3, 8, -2, 3, 5}
const want i32 [6] = {0, -2, 5, 0, 2, 3}
y = Mod(x, a)
output y)"},
      {"Mod with fmod has the sign of the dividend", R"(const x i64 [6] = {-4, 7, 5, 4, -7, 8}
const a i64 [6] = {2, -3, 8, -2, 3, 5}
const want i64 [6] = {0, 1, 5, 0, -1, 3}
y = Mod(x, a) {fmod = 1}
output y)"},
      {"floating Mod", R"(const x f32 [4] = {-4.25, 7.5, 5.0, -7.0}
const a f32 [4] = {2.0, -3.5, 8.0, 3.0}
const want f32 [4] = {-0.25, 0.5, 5.0, -1.0}
y = Mod(x, a) {fmod = 1}
output y)"},
      {"u8 Mod", R"(const x u8 [3] = {200, 255, 7}
const a u8 [3] = {7, 255, 200}
const want u8 [3] = {4, 0, 7}
y = Mod(x, a)
output y)"},
      {"Less", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a f32 [3] = {2.0, 5.0, 3.0}
const want bool [2, 3] = {1, 1, 0, 0, 0, 0}
y = Less(x, a)
output y)"},
      {"LessOrEqual", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a f32 [3] = {2.0, 5.0, 3.0}
const want bool [2, 3] = {1, 1, 1, 0, 1, 0}
y = LessOrEqual(x, a)
output y)"},
      {"Greater", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a f32 [3] = {2.0, 5.0, 3.0}
const want bool [2, 3] = {0, 0, 0, 1, 0, 1}
y = Greater(x, a)
output y)"},
      {"GreaterOrEqual", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a f32 [3] = {2.0, 5.0, 3.0}
const want bool [2, 3] = {0, 0, 1, 1, 1, 1}
y = GreaterOrEqual(x, a)
output y)"},
      {"Equal", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a f32 [3] = {2.0, 5.0, 3.0}
const want bool [2, 3] = {0, 0, 1, 0, 1, 0}
y = Equal(x, a)
output y)"},
      {"Equal of u8", R"(const x u8 [3] = {1, 2, 3}
const a u8 [3] = {3, 2, 1}
const want bool [3] = {0, 1, 0}
y = Equal(x, a)
output y)"},
      {"Less of i8", R"(const x i8 [3] = {-1, 2, 3}
const a i8 [1] = {1}
const want bool [3] = {1, 0, 0}
y = Less(x, a)
output y)"},
      {"And", R"(const x bool [2, 2] = {1, 0, 0, 1}
const a bool [2] = {1, 0}
const want bool [2, 2] = {1, 0, 0, 0}
y = And(x, a)
output y)"},
      {"Or", R"(const x bool [2, 2] = {1, 0, 0, 1}
const a bool [2] = {1, 0}
const want bool [2, 2] = {1, 0, 1, 1}
y = Or(x, a)
output y)"},
      {"Xor", R"(const x bool [2, 2] = {1, 0, 0, 1}
const a bool [2] = {1, 0}
const want bool [2, 2] = {0, 0, 1, 1}
y = Xor(x, a)
output y)"},
      {"Sum of three", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a f32 [3] = {2.0, 5.0, 3.0}
const b f32 [2, 1] = {10.0, 20.0}
const want f32 [2, 3] = {13.0, 17.0, 16.0, 26.0, 30.0, 29.0}
y = Sum(x, a, b)
output y)"},
      {"Mean of three", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a f32 [3] = {2.0, 5.0, 3.0}
const b f32 [2, 1] = {10.0, 20.0}
const want f32 [2, 3] = {4.33333349, 5.66666698, 5.33333349, 8.66666698, 10.0, 9.66666698}
y = Mean(x, a, b)
output y)"},
      {"Min of three", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a f32 [3] = {2.0, 5.0, 3.0}
const b f32 [2, 1] = {1.0, 9.0}
const want f32 [2, 3] = {1.0, 1.0, 1.0, 2.0, 5.0, 3.0}
y = Min(x, a, b)
output y)"},
      {"Max of NaN", R"(const x f32 [3] = {1.0, nan, 3.0}
const a f32 [3] = {2.0, 2.0, nan}
const want f32 [3] = {2.0, nan, nan}
y = Max(x, a)
output y)"},
      {"Max of i8", R"(const x i8 [3] = {-128, 5, 7}
const a i8 [3] = {1, 127, 7}
const want i8 [3] = {1, 127, 7}
y = Max(x, a)
output y)"},
      {"i16 wraps", R"(const x i16 [2] = {256, -300}
const a i16 [2] = {256, 300}
const want i16 [2] = {0, -24464}
y = Mul(x, a)
output y)"},
      {"u16 wraps", R"(const x u16 [1] = {65535}
const a u16 [1] = {65535}
const want u16 [1] = {1}
y = Mul(x, a)
output y)"},
      {"u8 wraps", R"(const x u8 [1] = {3}
const a u8 [1] = {5}
const want u8 [1] = {254}
y = Sub(x, a)
output y)"},
      {"Div of i8 by -1", R"(const x i8 [2] = {-128, 7}
const a i8 [2] = {-1, -2}
const want i8 [2] = {-128, -3}
y = Div(x, a)
output y)"},
      {"f64 Div", R"(const x f64 [2] = {1.0, 2.0}
const a f64 [1] = {3.0}
const want f64 [2] = {0.33333333333333331, 0.66666666666666663}
y = Div(x, a)
output y)"},
      {"broadcast on both sides", R"(const x f32 [2, 1, 1] = {1.0, 2.0}
const a f32 [1, 3, 2] = {10.0, 20.0, 30.0, 40.0, 50.0, 60.0}
const want f32 [2, 3, 2] = {11.0, 21.0, 31.0, 41.0, 51.0, 61.0, 12.0, 22.0, 32.0, 42.0, 52.0, 62.0}
y = Add(x, a)
output y)"},
      {"broadcast in the middle", R"(const x f32 [2, 3, 2] = {0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0}
const a f32 [3, 1] = {1.0, 10.0, 100.0}
const want f32 [2, 3, 2] = {0.0, 1.0, 20.0, 30.0, 400.0, 500.0, 6.0, 7.0, 80.0, 90.0, 1000.0, 1100.0}
y = Mul(x, a)
output y)"},
      {"broadcast of an inner axis of the second input", R"(const x f32 [1, 2, 1] = {1.0, 2.0}
const a f32 [2, 2, 2] = {0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0}
const want f32 [2, 2, 2] = {1.0, 0.0, 0.0, -1.0, -3.0, -4.0, -4.0, -5.0}
y = Sub(x, a)
output y)"},
      {"Pow of i32 by f32", R"(const x i32 [3] = {2, 3, -2}
const a f32 [3] = {3.0, 0.5, 2.0}
const want i32 [3] = {8, 1, 4}
y = Pow(x, a)
output y)"},
      {"Pow of f32 by i64", R"(const x f32 [3] = {2.0, -3.0, 1.5}
const a i64 [3] = {3, 2, -1}
const want f32 [3] = {8.0, 9.0, 0.666666687}
y = Pow(x, a)
output y)"},
      {"Pow of i64 wraps around", R"(const x i64 [3] = {2, -3, 10}
const a i64 [3] = {63, 3, 19}
const want i64 [3] = {-9223372036854775808, -27, -8446744073709551616}
y = Pow(x, a)
output y)"},
      {"Pow by 3", R"(const x f32 [3] = {2.0, -3.0, 1.5}
const a f32 [1] = {3.0}
const want f32 [3] = {8.0, -27.0, 3.375}
y = Pow(x, a)
output y)"},
      {"Pow by a half", R"(const x f32 [3] = {2.0, 9.0, 0.25}
const a f32 [1] = {0.5}
const want f32 [3] = {1.41421354, 3.0, 0.5}
y = Pow(x, a)
output y)"},
      {"BitShift to the left", R"(const x u8 [3] = {16, 4, 255}
const a u8 [3] = {1, 7, 9}
const want u8 [3] = {32, 0, 0}
y = BitShift(x, a) {direction = "LEFT"}
output y)"},
      {"BitShift to the right", R"(const x u16 [3] = {16, 4, 65535}
const a u16 [3] = {1, 2, 40}
const want u16 [3] = {8, 1, 0}
y = BitShift(x, a) {direction = "RIGHT"}
output y)"},
      {"BitwiseAnd", R"(const x i32 [2] = {5, -1}
const a i32 [2] = {12, -8}
const want i32 [2] = {4, -8}
y = BitwiseAnd(x, a)
output y)"},
      {"BitwiseOr", R"(const x i32 [2] = {5, -1}
const a i32 [2] = {12, -8}
const want i32 [2] = {13, -1}
y = BitwiseOr(x, a)
output y)"},
      {"BitwiseXor", R"(const x i32 [2] = {5, -1}
const a i32 [2] = {12, -8}
const want i32 [2] = {9, 7}
y = BitwiseXor(x, a)
output y)"},
      {"BitwiseNot", R"(const x i32 [3] = {0, -8, 5}
const want i32 [3] = {-1, 7, -6}
y = BitwiseNot(x)
output y)"},
      {"Sign of u8", R"(const x u8 [2] = {0, 200}
const want u8 [2] = {0, 1}
y = Sign(x)
output y)"},
      {"Neg of i8", R"(const x i8 [2] = {-128, 5}
const want i8 [2] = {-128, -5}
y = Neg(x)
output y)"},
      {"f64 Sqrt", R"(const x f64 [2] = {2.0, 9.0}
const want f64 [2] = {1.4142135623730951, 3.0}
y = Sqrt(x)
output y)"},
      {"Clip of i8", R"(const x i8 [3] = {-100, 3, 100}
const a i8 [] = {-5}
const b i8 [] = {50}
const want i8 [3] = {-5, 3, 50}
y = Clip(x, a, b)
output y)"},
      {"Where of u8", R"(const x bool [2, 1] = {1, 0}
const a u8 [3] = {1, 2, 3}
const b u8 [] = {9}
const want u8 [2, 3] = {1, 2, 3, 9, 9, 9}
y = Where(x, a, b)
output y)"},
      {"Where by the last axis", R"(const x bool [3] = {1, 0, 1}
const a f32 [2, 1] = {1.0, 2.0}
const b f32 [3] = {7.0, 8.0, 9.0}
const want f32 [2, 3] = {1.0, 8.0, 1.0, 2.0, 8.0, 2.0}
y = Where(x, a, b)
output y)"},
      {"Size", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const want i64 [] = {6}
y = Size(x)
output y)"},
      {"CastLike", R"(const x f32 [2] = {1.75, -2.5}
const a i32 [1] = {0}
const want i32 [2] = {1, -2}
y = CastLike(x, a)
output y)"},
  };
  check_values(kCases);
}

}  // namespace
}  // namespace offramp
