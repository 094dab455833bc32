// The small tools of base: hashes against published vectors, JSON and its caps, random numbers, exact exp and log.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "base/json.h"
#include "base/math.h"
#include "base/rng.h"
#include "base/sha256.h"

namespace offramp {
namespace {

std::string sha256_of(const std::string& text) {
  return sha256_hex(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

TEST_CASE("sha256 of the vectors that FIPS 180-4 and NIST publish, and around the block's end") {
  CHECK(sha256_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnop"
                  "qrstnopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(sha256_of(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  // coreutils' sha256sum of that many letters a
  CHECK(sha256_of(std::string(55, 'a')) == "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  CHECK(sha256_of(std::string(56, 'a')) == "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  CHECK(sha256_of(std::string(63, 'a')) == "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
  CHECK(sha256_of(std::string(64, 'a')) == "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

TEST_CASE("JSON errors carry the caller's code and name the key") {
  const auto json = parse_json(R"({"n": 1.5, "i": 3, "s": "text", "a": [1, 2]})", ErrorCode::kInvalidData);
  REQUIRE(json.ok());
  CHECK(*json_number(*json, "n", ErrorCode::kInvalidData) == 1.5);
  CHECK(*json_number(*json, "i", ErrorCode::kInvalidData) == 3);
  CHECK(*json_integer(*json, "i", ErrorCode::kInvalidData) == 3);
  CHECK(*json_string(*json, "s", ErrorCode::kInvalidData) == "text");
  CHECK(json_array(*json, "a", ErrorCode::kInvalidData)->size() == 2);
  const auto wrong = json_integer(*json, "n", ErrorCode::kInvalidPackage);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().code == ErrorCode::kInvalidPackage);
  CHECK(wrong.error().message.find("\"n\" must be an integer") == 0);
  CHECK(json_string(*json, "missing", ErrorCode::kInvalidData).error().message == "\"missing\" is missing");
  CHECK(json_number(Json::array(), "n", ErrorCode::kInvalidData).error().message == "expected an object with \"n\"");
}

TEST_CASE("JSON that is broken or too deep is refused") {
  CHECK(parse_json("{\"a\": ", ErrorCode::kInvalidData).error().message == "not valid JSON");
  CHECK(parse_json("", ErrorCode::kInvalidData).error().message == "not valid JSON");
  CHECK(parse_json("[1] trailing", ErrorCode::kInvalidData).error().message == "not valid JSON");
  CHECK(parse_json(std::string(64, '[') + std::string(64, ']'), ErrorCode::kInvalidData).ok());
  CHECK(parse_json(std::string(65, '[') + std::string(65, ']'), ErrorCode::kInvalidData).error().message ==
        "JSON nests deeper than 64 levels");
  CHECK(parse_json(std::string(1'000'000, '['), ErrorCode::kInvalidData).error().message ==
        "JSON nests deeper than 64 levels");
  // Brackets in texts do not nest.
  CHECK(
      parse_json("[\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"]", ErrorCode::kInvalidData).ok());
}

TEST_CASE("the generator is PCG32: its published first numbers, the same for the same seed") {
  // The numbers that the demo program of pcg-random.org prints for pcg32_srandom(42, 54).
  Rng published(42, 54);
  for (uint32_t expected : {0xa15c02b7u, 0x7b47f409u, 0xba1d3330u, 0x83d2f293u, 0xbfa4784bu, 0xcbed606eu})
    CHECK(published.next() == expected);
  Rng a(5), b(5), other(5, 1);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint32_t next = a.next();
    CHECK(next == b.next());
    differs |= next != other.next();
  }
  CHECK(differs);
}

TEST_CASE("random numbers keep their ranges and moments") {
  Rng rng(1);
  std::vector<int> counts(7, 0);
  double sum = 0, squares = 0;
  for (int i = 0; i < 70'000; ++i) {
    ++counts[rng.below(7)];
    const float u = rng.uniform();
    CHECK_FALSE((u < 0 || u >= 1));
    const double n = rng.normal();
    sum += n, squares += n * n;
  }
  for (int count : counts) CHECK(std::abs(count - 10'000) < 500);
  CHECK(std::abs(sum / 70'000) < 0.02);
  CHECK(std::abs(squares / 70'000 - 1) < 0.03);
  CHECK(rng.below(1) == 0);
  std::vector<int> items(50), sorted(50);
  std::iota(items.begin(), items.end(), 0), std::iota(sorted.begin(), sorted.end(), 0);
  rng.shuffle(std::span<int>(items));
  CHECK(items != sorted);
  CHECK(std::set<int>(items.begin(), items.end()).size() == 50);
}

TEST_CASE("exp_exact and log_exact follow the C library's double functions") {
  double worst_exp = 0;
  for (double x = -86.9; x < 87.9; x += 0.00137) {
    const auto single = float(x);
    const double expected = std::exp(double(single));
    worst_exp = std::max(worst_exp, std::abs(exp_exact(single) - expected) / expected);
  }
  CHECK(worst_exp < 2e-7);
  CHECK(exp_exact(0.0f) == 1.0f);
  CHECK(exp_exact(-1000.0f) == exp_exact(-87.0f));
  CHECK(exp_exact(1000.0f) == exp_exact(88.0f));

  double worst_near_one = 0, worst_relative = 0;
  for (double x = 0.5; x < 2.0; x += 0.00001)
    worst_near_one = std::max(worst_near_one, std::abs(log_exact(float(x)) - std::log(double(float(x)))));
  for (double exponent = -37.9; exponent < 38.5; exponent += 0.0021) {
    const auto single = float(std::pow(10.0, exponent));
    const double expected = std::log(double(single));
    if (std::abs(expected) > 0.5)
      worst_relative = std::max(worst_relative, std::abs(log_exact(single) - expected) / std::abs(expected));
  }
  CHECK(worst_near_one < 1e-6);
  CHECK(worst_relative < 3e-7);
  CHECK(log_exact(1.0f) == 0.0f);
}

TEST_CASE("exp_exact and log_exact give the same bits on every host") {
  std::vector<float> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(exp_exact(float(i - 10'000) / 128));
    values.push_back(log_exact(float(i + 1) / 128));
  }
  // From the same polynomials in Python, each operation rounded to 32 bits by itself.
  CHECK(sha256_hex(std::span(reinterpret_cast<const uint8_t*>(values.data()), values.size() * 4)) ==
        "3bede4ffa4bd775211a555c2c5988b0892f537bcb12af7094168457da8a9b270");
}

TEST_CASE("exp_exact and log_exact are monotone where confidences are compared") {
  float last_exp = 0, last_log = -INFINITY;
  int falls = 0;
  for (int i = 1; i <= 200'000; ++i) {
    const float x = float(i) / 10'000;
    falls += exp_exact(x - 10) < last_exp;
    falls += log_exact(x) < last_log;
    last_exp = exp_exact(x - 10);
    last_log = log_exact(x);
  }
  CHECK(falls == 0);
}

}  // namespace
}  // namespace offramp
