// Preprocessing: each step's numbers, their order, round trips through JSON, and what is refused.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "samples/samples.h"

using namespace offramp;

namespace {

Preprocess steps(const char* text) {
  auto json = parse_json(text, ErrorCode::kInvalidData);
  REQUIRE(json.ok());
  auto preprocess = Preprocess::parse(*json);
  REQUIRE_MESSAGE(preprocess.ok(), preprocess.error().to_string());
  return std::move(preprocess).value();
}

std::string parse_error(const char* text) {
  auto json = parse_json(text, ErrorCode::kInvalidData);
  REQUIRE(json.ok());
  auto preprocess = Preprocess::parse(*json);
  REQUIRE(!preprocess.ok());
  CHECK(preprocess.error().code == ErrorCode::kInvalidData);
  return preprocess.error().to_string();
}

std::string apply_error(const char* text, const Dims& dims) {
  auto result = steps(text).apply(Tensor(DType::kU8, dims));
  REQUIRE(!result.ok());
  CHECK(result.error().code == ErrorCode::kInvalidData);
  return result.error().to_string();
}

std::vector<float> values(const Result<Tensor>& tensor) {
  REQUIRE_MESSAGE(tensor.ok(), tensor.error().to_string());
  return {tensor->data<float>().begin(), tensor->data<float>().end()};
}

template <class T>
std::vector<float> widened(const std::vector<T>& raw) {
  return values(Preprocess().apply(Tensor::of({int64_t(raw.size())}, raw)));
}

}  // namespace

TEST_CASE("images: scale, normalise by channel, and to channels first") {
  const Preprocess preprocess = steps(R"([{"op":"scale","by":0.00392156862745098},
    {"op":"normalize","mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225],"axis":-1},
    {"op":"transpose","axes":[0,3,1,2]}])");
  const int64_t n = 3, h = 4, w = 5, c = 3;
  std::vector<uint8_t> raw(size_t(n * h * w * c));
  for (size_t i = 0; i < raw.size(); ++i) raw[i] = uint8_t(i * 37);
  auto result = preprocess.apply(Tensor::of({n, h, w, c}, raw));
  REQUIRE(result.ok());
  CHECK(result->dims() == Dims{n, c, h, w});
  const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
  size_t at = 0;
  for (int64_t s = 0; s < n; ++s)
    for (int64_t k = 0; k < c; ++k)
      for (int64_t y = 0; y < h; ++y)
        for (int64_t x = 0; x < w; ++x) {
          const double from = raw[size_t(((s * h + y) * w + x) * c + k)];
          CHECK(double(result->data<float>()[at++]) ==
                doctest::Approx((from * 0.00392156862745098 - mean[k]) / deviation[k]).epsilon(1e-6));
        }
}

TEST_CASE("signals: scale, standardise by sample, and to one channel") {
  const Preprocess preprocess = steps(R"([{"op":"scale","by":0.001},{"op":"standardize","epsilon":0.01},
                                          {"op":"reshape","shape":[-1,1,4]}])");
  auto result = preprocess.apply(Tensor::of<int16_t>({2, 4}, std::vector<int16_t>{100, -250, 330, 7, 5, 5, 5, 5}));
  REQUIRE(result.ok());
  CHECK(result->dims() == Dims{2, 1, 4});
  // By hand: mean 46.75, deviation sqrt(172,942.75 / 4) = 207.932..., in thousandths.
  const double mean = 0.04675;
  double squares = 0;
  for (double v : {0.1, -0.25, 0.33, 0.007}) squares += (v - mean) * (v - mean);
  const double divisor = std::sqrt(squares / 4) + 0.01;
  size_t i = 0;
  for (double v : {0.1, -0.25, 0.33, 0.007})
    CHECK(double(result->data<float>()[i++]) == doctest::Approx((v - mean) / divisor).epsilon(1e-5));
  for (; i < 8; ++i) CHECK(result->data<float>()[i] == 0.0f);
}

TEST_CASE("a constant sample standardises to zeros without an epsilon too") {
  CHECK(values(steps(R"([{"op":"standardize","epsilon":0}])")
                   .apply(Tensor::of<float>({1, 3}, std::vector<float>{0.3f, 0.3f, 0.3f}))) ==
        std::vector<float>{0, 0, 0});
}

TEST_CASE("every numeric type becomes f32") {
  CHECK(widened<float>({1.5f, -2}) == std::vector<float>{1.5f, -2});
  CHECK(widened<double>({1.5, -2}) == std::vector<float>{1.5f, -2});
  CHECK(widened<int64_t>({-3, 1ll << 40}) == std::vector<float>{-3, 1099511627776.0f});
  CHECK(widened<int32_t>({-3, 70000}) == std::vector<float>{-3, 70000});
  CHECK(widened<int16_t>({-3, 32767}) == std::vector<float>{-3, 32767});
  CHECK(widened<int8_t>({-3, 127}) == std::vector<float>{-3, 127});
  CHECK(widened<uint16_t>({3, 65535}) == std::vector<float>{3, 65535});
  CHECK(widened<uint8_t>({3, 255}) == std::vector<float>{3, 255});
  Tensor half(DType::kF16, {2});
  reinterpret_cast<uint16_t*>(half.mutable_raw())[0] = float_to_half(0.5f);
  reinterpret_cast<uint16_t*>(half.mutable_raw())[1] = float_to_half(-7.0f);
  CHECK(values(Preprocess().apply(half)) == std::vector<float>{0.5f, -7.0f});
  Tensor flags(DType::kBool, {3});
  flags.mutable_raw()[1] = std::byte{1};
  flags.mutable_raw()[2] = std::byte{77};
  CHECK(values(Preprocess().apply(flags)) == std::vector<float>{0, 1, 1});
}

TEST_CASE("the raw tensor is left as it was") {
  const Tensor raw = Tensor::of<float>({1, 2}, std::vector<float>{1, 2});
  CHECK(values(steps(R"([{"op":"scale","by":3}])").apply(raw)) == std::vector<float>{3, 6});
  CHECK(raw.data<float>()[0] == 1);
}

TEST_CASE("normalize along any axis, with lists of one or many") {
  const Tensor raw = Tensor::of<float>({1, 2, 2}, std::vector<float>{1, 2, 3, 4});
  CHECK(values(steps(R"([{"op":"normalize","mean":[1,2],"std":[2],"axis":1}])").apply(raw)) ==
        std::vector<float>{0, 0.5f, 0.5f, 1});
  CHECK(values(steps(R"([{"op":"normalize","mean":[1],"std":[1,2],"axis":-1}])").apply(raw)) ==
        std::vector<float>{0, 0.5f, 2, 1.5f});
  // Long runs take another way through the code than short ones.
  std::vector<float> many(2 * 3 * 500);
  for (size_t i = 0; i < many.size(); ++i) many[i] = float(i % 97);
  for (const Dims& dims : {Dims{2, 3, 500}, Dims{1000, 3, 1}, Dims{20, 3, 50}}) {
    const auto got =
        values(steps(R"([{"op":"normalize","mean":[1,2,3],"std":[2,4,8],"axis":1}])").apply(Tensor::of(dims, many)));
    for (size_t i = 0; i < many.size(); ++i) {
      const size_t c = i / size_t(dims[2]) % 3;
      CHECK(got[i] == (many[i] - float(c + 1)) / float(2 << c));
    }
  }
  CHECK(values(steps(R"([{"op":"normalize","mean":[1],"std":[2]}])").apply(raw)) ==
        std::vector<float>{0, 0.5f, 1, 1.5f});
}

TEST_CASE("transpose: every order of three axes, against an index by index copy") {
  const Dims dims = {2, 3, 4, 5};
  std::vector<float> raw(120);
  for (size_t i = 0; i < raw.size(); ++i) raw[i] = float(i);
  const char* texts[] = {"[0,1,2,3]", "[0,1,3,2]", "[0,2,1,3]", "[0,2,3,1]", "[0,3,1,2]", "[0,3,2,1]"};
  for (const char* text : texts) {
    auto result =
        steps((std::string(R"([{"op":"transpose","axes":)") + text + "}]").c_str()).apply(Tensor::of(dims, raw));
    REQUIRE(result.ok());
    const int a[] = {text[3] - '0', text[5] - '0', text[7] - '0'};
    size_t at = 0;
    for (int64_t n = 0; n < 2; ++n)
      for (int64_t i = 0; i < dims[size_t(a[0])]; ++i)
        for (int64_t j = 0; j < dims[size_t(a[1])]; ++j)
          for (int64_t k = 0; k < dims[size_t(a[2])]; ++k) {
            int64_t index[4] = {n, 0, 0, 0};
            index[a[0]] = i, index[a[1]] = j, index[a[2]] = k;
            CHECK(result->data<float>()[at++] == float(((index[0] * 3 + index[1]) * 4 + index[2]) * 5 + index[3]));
          }
  }
}

TEST_CASE("no rows at all keep their shape") {
  auto result =
      steps(R"([{"op":"standardize","epsilon":0.1},{"op":"transpose","axes":[0,2,1]},{"op":"reshape","shape":[-1,6]}])")
          .apply(Tensor(DType::kU8, {0, 2, 3}));
  REQUIRE(result.ok());
  CHECK(result->dims() == Dims{0, 6});
  auto none = steps(R"([{"op":"normalize","mean":[1,2],"std":[1],"axis":1}])").apply(Tensor(DType::kU8, {3, 2, 0}));
  REQUIRE(none.ok());
  CHECK(none->dims() == Dims{3, 2, 0});
}

TEST_CASE("JSON comes back as it was, with short numbers") {
  const char* text =
      R"([{"op":"scale","by":0.004},{"op":"normalize","mean":[0.485,0.5],"std":[0.229,0.1],"axis":-1},)"
      R"({"op":"standardize","epsilon":0.01},{"op":"transpose","axes":[0,2,1]},{"op":"reshape","shape":[-1,1,256]}])";
  CHECK(steps(text).to_json().dump() == text);
  CHECK(steps("[]").empty());
  CHECK(steps("[]").to_json().dump() == "[]");
  // A float without a short decimal keeps its exact value.
  auto json = parse_json(R"([{"op":"scale","by":0.00392156862745098}])", ErrorCode::kInvalidData);
  auto back = Preprocess::parse(Preprocess::parse(*json)->to_json());
  REQUIRE(back.ok());
  CHECK(values(back->apply(Tensor::of<float>({1}, std::vector<float>{255}))) ==
        std::vector<float>{255.0f * 0.00392156862745098f});
}

TEST_CASE("bad steps are named with their number and key") {
  CHECK(parse_error("{}") == "\"preprocess\" must be an array of steps, got object");
  CHECK(parse_error("[7]") == "preprocess step 1: expected an object, got 7");
  CHECK(parse_error("[{}]") == "preprocess step 1: \"op\" is missing");
  CHECK(parse_error(R"([{"op":"scale","by":1},{"op":"mfcc"}])") ==
        "preprocess step 2: \"op\" must be one of \"scale\", \"normalize\", \"standardize\", \"transpose\", "
        "\"reshape\", got \"mfcc\"");
  CHECK(parse_error(R"([{"op":"scale"}])") == "preprocess step 1 (scale): \"by\" is missing");
  CHECK(parse_error(R"([{"op":"scale","by":"2"}])") ==
        "preprocess step 1 (scale): \"by\" must be a finite 32-bit number, got \"2\"");
  CHECK(parse_error(R"([{"op":"scale","by":1e39}])") ==
        "preprocess step 1 (scale): \"by\" must be a finite 32-bit number, got 1e+39");
  CHECK(parse_error(R"([{"op":"scale","by":1,"axis":2}])") ==
        "preprocess step 1 (scale): unknown key \"axis\"; known are by, op");
  CHECK(parse_error(R"([{"op":"standardize","epsilon":-1}])") ==
        "preprocess step 1 (standardize): \"epsilon\" must be a finite 32-bit number of at least 0.0, got -1");
  CHECK(parse_error(R"([{"op":"normalize","mean":[1],"std":[0]}])") ==
        "preprocess step 1 (normalize): \"std\" must hold finite 32-bit numbers above 0, got 0");
  CHECK(parse_error(R"([{"op":"normalize","mean":[],"std":[1]}])") ==
        "preprocess step 1 (normalize): \"mean\" must have 1 to 65536 items, got 0");
  CHECK(parse_error(R"([{"op":"normalize","mean":[1,2],"std":[1]}])") ==
        "preprocess step 1 (normalize): \"axis\" is missing");
  CHECK(parse_error(R"([{"op":"normalize","mean":[1,2],"std":[1,2,3],"axis":1}])") ==
        "preprocess step 1 (normalize): \"mean\" and \"std\" must be of one length or of length 1, got 2 and 3");
  CHECK(parse_error(R"([{"op":"normalize","mean":[1,2],"std":[1],"axis":0}])") ==
        "preprocess step 1 (normalize): \"axis\" must not be 0, which is the axis of the rows");
  CHECK(parse_error(R"([{"op":"transpose","axes":[]}])") ==
        "preprocess step 1 (transpose): \"axes\" must have 1 to 8 items, got 0");
  for (const char* axes : {"[1, 0]", "[0, 2]", "[0, 1, 1]", "[0, -1]"}) {
    const std::string last = std::to_string(std::string(axes).size() > 6 && axes[7] == '1' ? 2 : 1);
    CHECK(parse_error((std::string(R"([{"op":"transpose","axes":)") + axes + "}]").c_str()) ==
          "preprocess step 1 (transpose): \"axes\" must be 0, the rows, and then every other axis up to " + last +
              " once, got " + axes);
  }
  CHECK(parse_error(R"([{"op":"transpose","axes":[0,1,2,3,4,5,6,7,8]}])") ==
        "preprocess step 1 (transpose): \"axes\" must have 1 to 8 items, got 9");
  CHECK(parse_error(R"([{"op":"reshape","shape":[-1,0]}])") ==
        "preprocess step 1 (reshape): \"shape\" must be -1, the rows, and then positive sizes, got [-1, 0]");
  CHECK(parse_error(R"([{"op":"reshape","shape":[2,-1]}])") ==
        "preprocess step 1 (reshape): \"shape\" must be -1, the rows, and then positive sizes, got [2, -1]");
  CHECK(parse_error(R"([{"op":"reshape","shape":[-1,1.5]}])") ==
        "preprocess step 1 (reshape): \"shape\" must hold integers, got 1.5");
  CHECK(parse_error(R"([{"op":"reshape","shape":[-1,200000000,200000000,200000000]}])") ==
        "preprocess step 1 (reshape): \"shape\" [-1, 200000000, 200000000, 200000000] has more than 268435456 elements "
        "per row");
  CHECK(parse_error(R"([{"op":"reshape","shape":[-1,1e300]}])") ==
        "preprocess step 1 (reshape): \"shape\" must hold integers, got 1e+300");
}

TEST_CASE("shapes that do not fit are named with their step") {
  const char* image = R"([{"op":"scale","by":2},{"op":"transpose","axes":[0,3,1,2]}])";
  CHECK(apply_error(image, {5, 32, 32}) ==
        "preprocess step 2 (transpose): axes [0, 3, 1, 2] need 4 dimensions, shape is [5, 32, 32]");
  CHECK(apply_error(R"([{"op":"normalize","mean":[1,2],"std":[1],"axis":-1}])", {5, 3}) ==
        "preprocess step 1 (normalize): expected 3 means and deviations along axis -1 of shape [5, 3], got 2");
  CHECK(apply_error(R"([{"op":"normalize","mean":[1,2],"std":[1],"axis":-2}])", {2, 3}) ==
        "preprocess step 1 (normalize): axis -2 must be one of the samples' own axes, shape is [2, 3]");
  CHECK(apply_error(R"([{"op":"reshape","shape":[-1,1,256]}])", {5, 255}) ==
        "preprocess step 1 (reshape): shape [-1, 1, 256] needs 256 elements per row, got [5, 255]");
  CHECK(apply_error("[]", {}) == "samples must have 1 to 8 dimensions, the first of which are the rows; got 0");
  CHECK(apply_error("[]", {1, 1, 1, 1, 1, 1, 1, 1, 1}) ==
        "samples must have 1 to 8 dimensions, the first of which are the rows; got 9");
}
