// Reductions and orders against ONNX Runtime.
#include <doctest/doctest.h>

#include "exec_values.h"

namespace offramp {
namespace {

TEST_CASE("reductions give known values") {
  static constexpr ValueCase kCases[] = {
      {"ReduceProd", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const want f32 [2, 1, 2] = {3.21391821, -29.1060524, -13.0383177, 32.9360847}
y = ReduceProd(x) {axes = [1]}
output y)"},
      {"ReduceL1", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const want f32 [2, 1, 2] = {8.65999985, 9.77000046, 7.42000008, 10.1899996}
y = ReduceL1(x) {axes = [1]}
output y)"},
      {"ReduceL2", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const want f32 [2, 1, 2] = {6.01935244, 5.97140694, 4.4851532, 6.15788078}
y = ReduceL2(x) {axes = [1]}
output y)"},
      {"ReduceSumSquare", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const want f32 [2, 1, 2] = {36.232605, 35.6576996, 20.1166, 37.9194984}
y = ReduceSumSquare(x) {axes = [1]}
output y)"},
      {"ReduceLogSumExp", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const want f32 [2, 1, 2] = {0.205236733, 4.88940191, 3.60588384, 4.90794277}
y = ReduceLogSumExp(x) {axes = [1]}
output y)"},
      {"ReduceLogSum", R"(const x f32 [2, 3, 2] = {1.18000007, 3.18000007, 4.89000034, 3.76999998, 5.59000015, 5.82000017, 4.46000004, 5.40999985, 2.59000015, 2.95000005, 3.36999989, 4.82999992}
const want f32 [3] = {2.65535235, 2.65324187, 2.97603965}
y = ReduceLogSum(x) {axes = [0, 2], keepdims = 0}
output y)"},
      {"ReduceMean over the outer axes", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const want f32 [1, 3, 1] = {2.55749989, -0.779999971, 0.422500014}
y = ReduceMean(x) {axes = [0, 2]}
output y)"},
      {"ReduceMean over all axes", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const want f32 [] = {0.733333349}
y = ReduceMean(x) {keepdims = 0}
output y)"},
      {"ReduceMax with axes as input", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const a i64 [1] = {-1}
const want f32 [2, 3] = {2.18000007, -2.76999998, 4.82000017, 4.40999985, 1.95000005, 3.82999992}
y = ReduceMax(x, a) {keepdims = 0}
output y)"},
      {"ReduceMin of i8", R"(const x i8 [2, 2] = {3, -7, 5, 2}
const want i8 [2, 1] = {-7, 2}
y = ReduceMin(x) {axes = [1]}
output y)"},
      {"ReduceSum of i64", R"(const x i64 [2, 2] = {3, -7, 5, 2}
const a i64 [1] = {0}
const want i64 [1, 2] = {8, -5}
y = ReduceSum(x, a)
output y)"},
      {"ReduceMean of i32", R"(const x i32 [2, 2] = {3, -8, 5, 2}
const want i32 [2, 1] = {-2, 3}
y = ReduceMean(x) {axes = [1]}
output y)"},
      {"ReduceProd of i32", R"(const x i32 [2, 2] = {3, -8, 5, 2}
const want i32 [1, 1] = {-240}
y = ReduceProd(x)
output y)"},
      {"ReduceSum that does nothing", R"(const x f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
const want f32 [2, 3, 2] = {0.180000007, 2.18000007, -3.8900001, -2.76999998, -4.59000015, 4.82000017, 3.46000004, 4.40999985, 1.59000003, 1.95000005, -2.36999989, 3.82999992}
y = ReduceSum(x) {noop_with_empty_axes = 1}
output y)"},
      {"ReduceSum of f64", R"(const x f64 [2, 2] = {-2.25, -1.3300000429153442, -0.75999999046325684, -1.5800000429153442}
const a i64 [1] = {1}
const want f64 [2, 1] = {-3.5800000429153442, -2.3400000333786011}
y = ReduceSum(x, a)
output y)"},
      {"ReduceLogSumExp does not overflow", R"(const x f32 [2, 2] = {1000.0, 1000.0, -inf, 3.0}
const want f32 [2, 1] = {1000.69318, 3.0}
y = ReduceLogSumExp(x) {axes = [1]}
output y)"},
      {"ReduceMax of NaN", R"(const x f32 [1, 3] = {1.0, nan, 3.0}
const want f32 [1, 1] = {nan}
y = ReduceMax(x) {axes = [1]}
output y)"},
      {"ArgMax", R"(const x f32 [2, 4] = {1.0, 3.0, 3.0, 0.0, 5.0, 5.0, 2.0, 5.0}
const want i64 [2, 1] = {1, 0}
y = ArgMax(x) {axis = 1}
output y)"},
      {"ArgMax, the last of equal ones", R"(const x f32 [2, 4] = {1.0, 3.0, 3.0, 0.0, 5.0, 5.0, 2.0, 5.0}
const want i64 [2] = {2, 3}
y = ArgMax(x) {axis = -1, keepdims = 0, select_last_index = 1}
output y)"},
      {"ArgMin along the first axis", R"(const x f32 [3, 2] = {1.0, 3.0, 1.0, 2.0, 4.0, 2.0}
const want i64 [1, 2] = {0, 1}
y = ArgMin(x) {axis = 0}
output y)"},
      {"ArgMin, the last of equal ones", R"(const x f32 [3, 2] = {1.0, 3.0, 1.0, 2.0, 4.0, 2.0}
const want i64 [2] = {1, 2}
y = ArgMin(x) {axis = 0, select_last_index = 1, keepdims = 0}
output y)"},
      {"ArgMax of i32", R"(const x i32 [1, 3] = {4, 9, -1}
const want i64 [1, 1] = {1}
y = ArgMax(x) {axis = 1}
output y)"},
      {"TopK", R"(const x f32 [2, 4] = {1.0, 3.0, 3.0, 0.0, 5.0, 5.0, 2.0, 5.0}
const a i64 [1] = {3}
const want_0 f32 [2, 3] = {3.0, 3.0, 1.0, 5.0, 5.0, 5.0}
const want_1 i64 [2, 3] = {1, 2, 0, 0, 1, 3}
y, z = TopK(x, a)
output y)"},
      {"TopK of the smallest along the first axis", R"(const x f32 [3, 2] = {3.0, 1.0, 2.0, 2.0, 1.0, 3.0}
const a i64 [1] = {2}
const want_0 f32 [2, 2] = {1.0, 1.0, 2.0, 2.0}
const want_1 i64 [2, 2] = {2, 0, 1, 1}
y, z = TopK(x, a) {axis = 0, largest = 0}
output y)"},
      {"TopK of i64", R"(const x i64 [4] = {5, 9, -3, 9}
const a i64 [1] = {2}
const want_0 i64 [2] = {9, 9}
const want_1 i64 [2] = {1, 3}
y, z = TopK(x, a)
output y)"},
      {"TopK with k as attribute", R"(const x f32 [4] = {5.0, 9.0, -3.0, 9.0}
const want_0 f32 [2] = {9.0, 9.0}
const want_1 i64 [2] = {1, 3}
y, z = TopK(x) {k = 2}
output y)"},
      {"TopK of none", R"(const x f32 [2] = {5.0, 9.0}
const a i64 [1] = {0}
const want_0 f32 [0] = {}
const want_1 i64 [0] = {}
y, z = TopK(x, a)
output y)"},
      {"CumSum", R"(const x f32 [4] = {1.0, 2.0, 3.0, 4.0}
const a i64 [] = {0}
const want f32 [4] = {1.0, 3.0, 6.0, 10.0}
y = CumSum(x, a)
output y)"},
      {"CumSum along the first axis", R"(const x f32 [3, 2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a i32 [] = {0}
const want f32 [3, 2] = {1.0, 2.0, 4.0, 6.0, 9.0, 12.0}
y = CumSum(x, a)
output y)"},
      {"CumSum, exclusive and reversed", R"(const x i32 [2, 3] = {1, 2, 3, 4, 5, 6}
const a i64 [] = {-1}
const want i32 [2, 3] = {5, 3, 0, 11, 6, 0}
y = CumSum(x, a) {exclusive = 1, reverse = 1}
output y)"},
      {"CumSum, reversed", R"(const x f64 [3] = {1.0, 2.0, 3.0}
const a i64 [] = {0}
const want f64 [3] = {6.0, 5.0, 3.0}
y = CumSum(x, a) {reverse = 1}
output y)"},
  };
  check_values(kCases);
}

}  // namespace
}  // namespace offramp
