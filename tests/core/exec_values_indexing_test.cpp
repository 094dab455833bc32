// Operators that move elements by index or position against ONNX Runtime.
#include <doctest/doctest.h>

#include "exec_values.h"

namespace offramp {
namespace {

TEST_CASE("indexing and rearranging give known values") {
  static constexpr ValueCase kCases[] = {
      {"GatherElements along the middle", R"(const x f32 [2, 3, 2] = {2.43, 0.34, 0.35, -1.39, 1.8, -3.46, -0.18, -1.23, -0.36, -1.9, 1.45, -0.21}
const a i64 [2, 2, 2] = {0, -1, 2, 1, 1, 1, 0, -3}
const want f32 [2, 2, 2] = {2.43, -3.46, 1.8, -1.39, -0.36, -1.9, -0.18, -1.23}
y = GatherElements(x, a) {axis = 1}
output y)"},
      {"GatherND of batches", R"(const x f32 [2, 3, 2, 2] = {-1.25, 0.96, -0.16, -1.1, -1.24, 1.49, -1.94, -0.51, -0.6, 0.56, -0.46, 4.24, -3.56, 1.11, -0.14, 2.14, -3.32, 2.36, -2.84, 1.31, 0.95, -0.02, -1.55, -1.71}
const a i64 [2, 2, 2] = {0, 1, 2, -1, 1, 0, -1, 1}
const want f32 [2, 2, 2] = {-0.16, -1.1, -0.46, 4.24, -3.32, 2.36, -1.55, -1.71}
y = GatherND(x, a) {batch_dims = 1}
output y)"},
      {"GatherND of rows", R"(const x f32 [3, 2, 2] = {0.12, -1.58, -3.98, -3.69, 1.52, 1.57, 0.96, 0.02, 0.69, 0.92, 0.44, -1.65}
const a i64 [3, 1] = {2, 0, -1}
const want f32 [3, 2, 2] = {0.69, 0.92, 0.44, -1.65, 0.12, -1.58, -3.98, -3.69, 0.69, 0.92, 0.44, -1.65}
y = GatherND(x, a)
output y)"},
      {"ScatterElements that adds", R"(const x f32 [2, 4] = {-1.53, -2.36, 0.25, -2.04, -0.37, 2.58, -0.8, 1.9}
const a i64 [2, 3] = {0, -1, 0, 3, 1, 1}
const b f32 [2, 3] = {3.07, -3.69, -2.91, 0.91, -1.46, 1.03}
const want f32 [2, 4] = {-1.3700001, -2.36, 0.25, -5.73, -0.37, 2.1499999, -0.8, 2.81}
y = ScatterElements(x, a, b) {axis = 1, reduction = "add"}
output y)"},
      {"ScatterElements of integers that keeps the largest", R"(const x i64 [3] = {5, 1, 7}
const a i64 [3] = {0, 2, -2}
const b i64 [3] = {3, 9, 2}
const want i64 [3] = {5, 2, 9}
y = ScatterElements(x, a, b) {axis = 0, reduction = "max"}
output y)"},
      {"ScatterND of rows", R"(const x f32 [3, 2, 2] = {1.38, -1.06, 1.62, 3.46, 1.89, -1.77, -0.31, -1.09, 3.12, -0.4, -1.39, 0.09}
const a i64 [2, 1] = {2, 0}
const b f32 [2, 2, 2] = {1.02, -0.75, 0.21, 0.0, 1.48, 1.96, 0.56, -0.92}
const want f32 [3, 2, 2] = {1.48, 1.96, 0.56, -0.92, 1.89, -1.77, -0.31, -1.09, 1.02, -0.75, 0.21, 0.0}
y = ScatterND(x, a, b)
output y)"},
      {"ScatterND that multiplies", R"(const x f32 [3, 2] = {0.83, -1.77, 2.17, 0.72, 0.51, -4.82}
const a i64 [3, 2] = {2, 0, 0, 1, 2, 0}
const b f32 [3] = {4.77, 2.94, 2.58}
const want f32 [3, 2] = {0.83, -5.2038, 2.17, 0.72, 6.2763658, -4.82}
y = ScatterND(x, a, b) {reduction = "mul"}
output y)"},
      {"OneHot in front", R"(const x i64 [2, 2] = {0, -1, 3, 5}
const a i64 [] = {4}
const b i64 [2] = {2, 7}
const want i64 [4, 2, 2] = {7, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 7, 7, 2}
y = OneHot(x, a, b) {axis = 0}
output y)"},
      {"OneHot with a float depth", R"(const x i64 [2] = {1, 0}
const a f32 [] = {3.0}
const b f32 [2] = {-1.0, 1.0}
const want f32 [2, 3] = {-1.0, 1.0, -1.0, 1.0, -1.0, -1.0}
y = OneHot(x, a, b)
output y)"},
      {"Trilu above the diagonal", R"(const x f32 [2, 3, 4] = {0.29, 1.39, 5.76, -1.31, 1.55, 1.27, 0.35, 0.78, -1.88, 1.38, -2.53, 3.76, 1.7, -1.59, -4.07, 0.33, 1.14, -1.87, 3.48, 0.68, -0.79, -2.65, -0.09, -0.25}
const a i64 [] = {1}
const want f32 [2, 3, 4] = {0.0, 1.39, 5.76, -1.31, 0.0, 0.0, 0.35, 0.78, 0.0, 0.0, 0.0, 3.76, 0.0, -1.59, -4.07, 0.33, 0.0, 0.0, 3.48, 0.68, 0.0, 0.0, 0.0, -0.25}
y = Trilu(x, a) {upper = 1}
output y)"},
      {"Trilu below the diagonal", R"(const x f32 [3, 2] = {1.45, 2.25, 0.22, 1.08, 3.01, 1.39}
const a i64 [] = {-1}
const want f32 [3, 2] = {0.0, 0.0, 0.22, 0.0, 3.01, 1.39}
y = Trilu(x, a) {upper = 0}
output y)"},
      {"Tile", R"(const x f32 [2, 1, 2] = {-0.36, 1.4, -0.88, 1.06}
const a i64 [3] = {1, 3, 2}
const want f32 [2, 3, 4] = {-0.36, 1.4, -0.36, 1.4, -0.36, 1.4, -0.36, 1.4, -0.36, 1.4, -0.36, 1.4, -0.88, 1.06, -0.88, 1.06, -0.88, 1.06, -0.88, 1.06, -0.88, 1.06, -0.88, 1.06}
y = Tile(x, a)
output y)"},
      {"DepthToSpace", R"(const x f32 [1, 8, 1, 2] = {0.26, -2.04, 1.37, 0.33, 1.62, -2.5, 2.37, 2.46, -0.55, -0.04, 0.25, 0.1, 1.81, -1.29, -2.16, -0.35}
const want f32 [1, 2, 2, 4] = {0.26, 1.62, -2.04, -2.5, -0.55, 1.81, -0.04, -1.29, 1.37, 2.37, 0.33, 2.46, 0.25, -2.16, 0.1, -0.35}
y = DepthToSpace(x) {blocksize = 2}
output y)"},
      {"DepthToSpace by columns and rows", R"(const x f32 [1, 8, 1, 2] = {3.93, -0.66, -1.88, -1.72, 0.44, 2.46, -1.37, 0.44, 0.52, 1.02, 0.38, 2.19, 1.46, -1.15, 4.93, -2.64}
const want f32 [1, 2, 2, 4] = {3.93, -1.88, -0.66, -1.72, 0.44, -1.37, 2.46, 0.44, 0.52, 0.38, 1.02, 2.19, 1.46, 4.93, -1.15, -2.64}
y = DepthToSpace(x) {blocksize = 2, mode = "CRD"}
output y)"},
      {"SpaceToDepth", R"(const x f32 [1, 1, 2, 4] = {-2.55, 2.15, 0.45, -0.42, 0.48, 1.45, -0.77, -1.2}
const want f32 [1, 4, 1, 2] = {-2.55, 0.45, 2.15, -0.42, 0.48, -0.77, 1.45, -1.2}
y = SpaceToDepth(x) {blocksize = 2}
output y)"},
      {"Pad by repetition", R"(const x f32 [2, 3] = {-2.03, -1.65, -1.53, 2.36, 0.62, 1.15}
const a i64 [4] = {1, -1, 0, 2}
const want f32 [3, 4] = {0.62, 1.15, 0.62, 1.15, -1.65, -1.53, -1.65, -1.53, 0.62, 1.15, 0.62, 1.15}
y = Pad(x, a) {mode = "wrap"}
output y)"},
  };
  check_values(kCases);
}

}  // namespace
}  // namespace offramp
