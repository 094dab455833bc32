// Records that do not fit or are damaged: exact refusals, what is still possible after them, and no crash whatever the bytes.
#include "base/archive.h"
#include "base/rng.h"
#include "core/augment_resume_world.h"

using namespace offramp;
using namespace offramp::test;

namespace {

const std::array<int64_t, 4> kFew = {60, 60, 30, 0};
const std::string kDamaged = "its checksum does not fit: it was damaged or cut short";

template <class T>
std::string told(const T& result, ErrorCode code) {
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == code);
  return result.error().to_string();
}

TEST_CASE("records: of something else, damaged, or at the wrong time") {
  const ResumeWorld world(Json::object(), kFew);
  const auto source = world.filled();
  const std::string search = "record of the search: ";
  CHECK(told(source->search_record(), ErrorCode::kInvalidArgument) == "a search is recorded after its first step");
  CHECK(told(source->rows_record(Part::kTrain, 10, 61), ErrorCode::kInvalidArgument) == "expected rows within 0 to 60, got 10 to 61");
  CHECK(told(source->rows_record(Part::kTrain, 5, 5), ErrorCode::kInvalidArgument) == "expected rows within 0 to 60, got 5 to 5");
  const Bytes rows = *source->rows_record(Part::kTrain, 0, 30);
  step(*source);
  const Bytes record = record_of(*source);
  CHECK(told(source->rows_record(Part::kTrain, 0, 30), ErrorCode::kInvalidArgument) == "rows are recorded before the first step");
  CHECK(told(source->resume(record), ErrorCode::kInvalidArgument) == "a search goes on from a record before its first step");

  const auto refusal = [&](const ResumeWorld& other, const Json& changes, const Bytes& bytes, ErrorCode code) {
    const auto augmenter = other.filled(changes);
    const std::string text = told(augmenter->resume(bytes), code);
    CHECK(augmenter->resume(record).ok() == (code == ErrorCode::kInvalidData));  // it is as before
    return text;
  };
  CHECK(refusal(world, {{"max_drop_pp", 2}}, record, ErrorCode::kInvalidArgument) == search + "it is of other options; begin without it");
  CHECK(refusal({Json::object(), {60, 60, 31, 0}}, Json::object(), record, ErrorCode::kInvalidArgument) == search + "it is of other rows; begin without it");
  CHECK(refusal({Json::object(), kFew, true}, Json::object(), record, ErrorCode::kInvalidArgument) == search + "it is of other rows; begin without it");
  CHECK(refusal(world, Json::object(), rows, ErrorCode::kInvalidData) == search + "not a record of search");
  CHECK(refusal(world, Json::object(), {}, ErrorCode::kInvalidData) == search + "not a record of search");
  for (size_t flipped : {size_t{40}, record.size() / 2, record.size() - 1}) {
    Bytes damaged = record;
    damaged[flipped] ^= 1;
    CHECK(refusal(world, Json::object(), damaged, ErrorCode::kInvalidData) == search + kDamaged);
  }
  CHECK(refusal(world, Json::object(), {record.begin(), record.end() - 1}, ErrorCode::kInvalidData) == search + kDamaged);
  const std::span<const uint8_t> body = *open_record("search", 2, record);
  const auto resealed = [](std::span<const uint8_t> bytes, uint32_t version = 2) { return seal_record("search", version, {bytes.begin(), bytes.end()}); };
  CHECK(told(world.filled()->resume(resealed(body, 3)), ErrorCode::kInvalidArgument) ==
        search + "it is a record of version 3, this Offramp goes on from version 2");
  // A right checksum over less than a record, or more: then the Augmenter is spent.
  const auto spent = world.filled();
  CHECK(told(spent->resume(resealed(body.first(body.size() - 1))), ErrorCode::kInvalidData) ==
        "record of the search > screened head 1: answers: expected 60 values, got 59");
  CHECK(told(spent->step(), ErrorCode::kInvalidArgument) == "the record to go on from was damaged; begin anew with another Augmenter");
  CHECK(told(spent->search_record(), ErrorCode::kInvalidArgument) == "a search is recorded after its first step");
  Bytes longer(body.begin(), body.end());
  longer.push_back(0);
  CHECK(told(world.filled()->resume(resealed(longer)), ErrorCode::kInvalidData) == search + "1 bytes too many");

  auto other_model = graph_of(kWideBackbone);
  other_model.set_constant(other_model.find_value("b4"), Tensor::of<float>({3}, std::vector<float>{0, 0, 0}));
  auto other = Augmenter::create(*export_onnx(other_model), {{"epochs", 2}});
  REQUIRE(other.ok());
  CHECK(told(world.add(**other, Part::kTrain, 0, 30, rows), ErrorCode::kInvalidArgument) == "record of train rows: it is of another model; begin without it");
}

TEST_CASE("records of rows: refused without a trace, and extracted then") {
  const ResumeWorld world(Json::object(), kFew);
  const auto source = world.filled();
  const Bytes record = *source->rows_record(Part::kTrain, 0, 30);
  const std::string frame = "record of train rows: ";
  const auto target = world.create();
  CHECK(told(world.add(*target, Part::kTrain, 0, 31, record), ErrorCode::kInvalidArgument) == frame + "it is of other rows; begin without it");
  CHECK(told(world.add(*target, Part::kTrain, 1, 31, record), ErrorCode::kInvalidArgument) == frame + "it is of other rows; begin without it");
  Bytes damaged = record;
  damaged[record.size() / 2] ^= 8;
  CHECK(told(world.add(*target, Part::kTrain, 0, 30, damaged), ErrorCode::kInvalidData) == frame + kDamaged);
  const std::span<const uint8_t> body = *open_record("rows", 1, record);
  CHECK(told(world.add(*target, Part::kTrain, 0, 30, seal_record("rows", 1, {body.begin(), body.end() - 2})), ErrorCode::kInvalidData) ==
        frame + "features: expected 48480 more bytes, got 48478");
  Bytes infinite(body.begin(), body.end());
  std::fill_n(infinite.begin() + 3 * (8 + 64), 4, uint8_t{0xff});
  CHECK(told(world.add(*target, Part::kTrain, 0, 30, seal_record("rows", 1, infinite)), ErrorCode::kInvalidData) == frame + "logits: expected finite values");
  CHECK(told(world.add(*world.create({{"backend", "reference"}}), Part::kTrain, 0, 30, record), ErrorCode::kInvalidArgument) ==
        frame + "it is of another preprocessing or backend; begin without it");
  REQUIRE(world.add(*target, Part::kTrain, 0, 30).ok());
  CHECK(*target->rows_record(Part::kTrain, 0, 30) == record);
}

// The reader itself, behind a checksum that fits.
TEST_CASE("records: whatever the bytes, a refusal or a search that goes on") {
  for (const char* phase : {"screen", "qualify", "rank", "train", "pooled", "score", "paper", "search"}) {
    const ResumeWorld world(Json::object(), {30, 24, 24, 0});
    const auto source = world.filled();
    while (step(*source).phase != phase) {}
    if (phase != std::string("search"))
      for (int i = 0; i < 3; ++i)
        if (step(*source).phase != phase) break;
    const Bytes record = record_of(*source);
    const auto body = *open_record("search", 2, record);
    std::vector<Bytes> rows;
    const auto donor = world.filled();
    for (Part part : {Part::kTrain, Part::kSelect, Part::kTest}) rows.push_back(*donor->rows_record(part, 0, world.count(part)));
    Rng rng(9);
    int refused = 0;
    for (int trial = 0; trial < 60; ++trial) {
      Bytes changed(body.begin(), body.end());
      // Half of the changes near the beginning, where counts and choices are; the owner's hashes stay.
      constexpr uint32_t kOwner = 3 * (8 + 64);
      const auto length = uint32_t(changed.size()) - kOwner;
      const uint32_t at = kOwner + rng.below(trial % 2 ? length : std::min(length, 400u));
      if (trial % 5 == 4) changed.resize(at);
      else changed[at] = uint8_t(trial % 3 ? rng.below(256) : 255);
      const auto augmenter = world.create();
      for (size_t part = 0; part < 3; ++part) REQUIRE(world.add(*augmenter, Part(part), 0, world.count(Part(part)), rows[part]).ok());
      if (!augmenter->resume(seal_record("search", 2, changed)).ok()) {
        ++refused;
        continue;
      }
      for (int i = 0; i < 2; ++i)
        if (!augmenter->step().ok()) break;
    }
    CAPTURE(phase);
    CHECK(refused >= 15);
  }
}

}  // namespace
