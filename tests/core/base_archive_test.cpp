// One list of fields that writes and reads, what it refuses, and the hash that records are sealed with.
#include "base/archive.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "base/sha256.h"

namespace offramp {
namespace {

struct Things {
  int32_t count = 0;
  double share = 0;
  bool on = false;
  std::string name;
  std::vector<float> fixed = {0, 0, 0};
  std::vector<int16_t> list;
  void archive(Archive& a) {
    const Archive::Frame frame(a, "thing", 7);
    a.number("count", count, -5, 5);
    a.number("share", share, 0, 1);
    a.flag("on", on);
    a.text("name", name, 8);
    a.fixed("fixed", fixed);
    a.list("list", list, 1, 4);
  }
};

std::vector<uint8_t> written(Things things) {
  Archive a;
  things.archive(a);
  CHECK(a.ok());
  return a.take();
}

std::string refusal(const std::vector<uint8_t>& bytes) {
  Archive a(bytes);
  Things things;
  things.archive(a);
  const Status status = a.finish();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kInvalidData);
  return status.error().to_string();
}

const Things kThings = {-3, 0.25, true, "name", {1, 2, 3}, {7, -8}};

TEST_CASE("archive: what was written is read") {
  const std::vector<uint8_t> bytes = written(kThings);
  Archive a(bytes);
  Things things;
  things.archive(a);
  CHECK(a.finish().ok());
  CHECK(things.count == -3);
  CHECK(things.share == 0.25);
  CHECK(things.on);
  CHECK(things.name == "name");
  CHECK(things.fixed == kThings.fixed);
  CHECK(things.list == kThings.list);
}

TEST_CASE("archive: refusals name the place, and the first one stays") {
  const std::vector<uint8_t> bytes = written(kThings);
  // Offsets: count 0, share 8, on 16, name 24 (its length first), fixed 36, list 56.
  const auto changed = [&](size_t at, auto value) {
    std::vector<uint8_t> other = bytes;
    std::memcpy(other.data() + at, &value, sizeof value);
    return refusal(other);
  };
  CHECK(changed(0, int64_t{6}) == "thing 7: count: expected -5 to 5, got 6");
  CHECK(changed(8, std::numeric_limits<double>::quiet_NaN()) == "thing 7: share: expected 0.0 to 1.0, got null");
  CHECK(changed(16, int64_t{2}) == "thing 7: on: expected 0 to 1, got 2");
  CHECK(changed(24, uint64_t{9}) == "thing 7: name: expected 0 to 8 values, got 9");
  CHECK(changed(36, uint64_t{2}) == "thing 7: fixed: expected 3 values, got 2");
  CHECK(changed(56, uint64_t{0}) == "thing 7: list: expected 1 to 4 values, got 0");
  CHECK(changed(56, uint64_t{3}) == "thing 7: list: expected 3 values, got 2");
  CHECK(changed(56, UINT64_MAX) == "thing 7: list: expected 1 to 4 values, got 18446744073709551615");
  for (size_t length = 0; length < bytes.size(); ++length) CHECK(refusal({bytes.begin(), bytes.begin() + ptrdiff_t(length)}).rfind("thing 7: ", 0) == 0);
  CHECK(refusal({bytes.begin(), bytes.begin() + 2}) == "thing 7: count: expected 8 more bytes, got 2");
  std::vector<uint8_t> longer = bytes;
  longer.push_back(0);
  CHECK(refusal(longer) == "1 bytes too many");
}

// Values of FIPS 180-4's examples.
TEST_CASE("sha256: known values, however the bytes are divided") {
  CHECK(Sha256().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    Sha256 hash;
    for (size_t at = 0; at < text.size(); at += piece) hash.update(text.data() + at, std::min(piece, text.size() - at));
    CHECK(hash.hex() == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hash.hex() == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  }
  Sha256 million;
  const std::string some(997, 'a');
  for (size_t left = 1'000'000; left > 0;) {
    const size_t now = std::min(left, some.size());
    million.update(some.data(), now);
    left -= now;
  }
  CHECK(million.hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace offramp
