// Dropout, EyeLike, Trilu and OneHot against ONNX Runtime.
#include <doctest/doctest.h>

#include "exec_values.h"

namespace offramp {
namespace {

TEST_CASE("patterns give known values") {
  static constexpr ValueCase kCases[] = {
      {"Dropout with its mask", R"(const x f32 [2] = {1.0, 2.0}
const want_0 f32 [2] = {1.0, 2.0}
const want_1 bool [2] = {1, 1}
y, z = Dropout(x)
output y)"},
      {"EyeLike", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const want f32 [2, 3] = {0.0, 1.0, 0.0, 0.0, 0.0, 1.0}
y = EyeLike(x) {k = 1}
output y)"},
      {"EyeLike of another type", R"(const x i32 [3, 2] = {1, 2, 4, 5, 7, 8}
const want f32 [3, 2] = {0.0, 0.0, 1.0, 0.0, 0.0, 1.0}
y = EyeLike(x) {dtype = 1, k = -1}
output y)"},
      {"Trilu", R"(const x f32 [2, 2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
const want f32 [2, 2, 3] = {1.0, 2.0, 3.0, 0.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.0, 11.0, 12.0}
y = Trilu(x)
output y)"},
      {"Trilu, lower", R"(const x f32 [2, 2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
const want f32 [2, 2, 3] = {1.0, 0.0, 0.0, 4.0, 5.0, 0.0, 7.0, 0.0, 0.0, 10.0, 11.0, 0.0}
y = Trilu(x) {upper = 0}
output y)"},
      {"Trilu above the diagonal", R"(const x i64 [2, 2, 3] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
const a i64 [] = {1}
const want i64 [2, 2, 3] = {0, 2, 3, 0, 0, 6, 0, 8, 9, 0, 0, 12}
y = Trilu(x, a)
output y)"},
      {"Trilu, lower, far away", R"(const x f32 [2, 2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
const a i64 [] = {-9}
const want f32 [2, 2, 3] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}
y = Trilu(x, a) {upper = 0}
output y)"},
      {"OneHot", R"(const x i64 [4] = {0, -1, 3, 1}
const a i64 [] = {3}
const b f32 [2] = {0.0, 5.0}
const want f32 [4, 3] = {5.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0}
y = OneHot(x, a, b)
output y)"},
      {"OneHot along the first axis", R"(const x i32 [2, 2] = {0, 1, 2, -3}
const a f32 [1] = {3.0}
const b i64 [2] = {2, 7}
const want i64 [3, 2, 2] = {7, 2, 2, 7, 2, 7, 2, 2, 2, 2, 7, 2}
y = OneHot(x, a, b) {axis = 0}
output y)"},
  };
  check_values(kCases);
}

}  // namespace
}  // namespace offramp
