// Features that were extracted elsewhere: the same plan from them, and what is refused.
#include "core/augment_resume_world.h"
#include "exec/session.h"

using namespace offramp;
using namespace offramp::test;

namespace {

constexpr std::array<int64_t, 4> kCounts = {120, 90, 60, 0};

// Runs what feature_model() wrote, as a server does.
class Elsewhere {
 public:
  explicit Elsewhere(const Augmenter& augmenter) {
    auto onnx = augmenter.feature_model();
    REQUIRE_MESSAGE(onnx.ok(), onnx.error().to_string());
    auto graph = load_model(*onnx);
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    auto session = Session::create(std::move(*graph), {.backend = Backend::kReference});
    REQUIRE(session.ok());
    session_ = std::move(*session);
  }
  // features, logits
  std::vector<Tensor> run(const Tensor& input) {
    auto outputs = session_->run(std::span(&input, 1));
    REQUIRE(outputs.ok());
    return std::move(*outputs);
  }

 private:
  std::unique_ptr<Session> session_;
};

Tensor prepared(const Augmenter& augmenter, const Tensor& raw) {
  auto input = augmenter.prepare(raw);
  REQUIRE(input.ok());
  return std::move(*input);
}

void check_near(const Json& a, const Json& b, double tolerance) { CHECK(std::abs(a.get<double>() - b.get<double>()) <= tolerance); }

TEST_CASE("extraction elsewhere: the plan is that of extraction here, within what the features' rounding does") {
  const ResumeWorld world({{"max_drop_pp", 5}, {"preprocess", {{{"op", "scale"}, {"by", 0.5}}}}}, kCounts, true);
  const auto here = world.filled();
  const auto there = world.create();
  Elsewhere server(*there);
  for (Part part : kParts) {
    const DrawnRows& rows = world.rows(part);
    for (int64_t begin = 0; begin < world.count(part); begin += 50) {
      const int64_t end = std::min(begin + 50, world.count(part));
      const Tensor raw = rows.x.rows(begin, end);
      const auto answer = server.run(prepared(*there, raw));
      const auto some = [&](const auto& values) { return std::span(values).subspan(size_t(begin), size_t(end - begin)); };
      const auto groups = part == Part::kTrain ? some(rows.groups) : std::span<const int64_t>();
      const Status added = there->add_features(part, raw, some(rows.labels), groups, answer[0], answer[1]);
      REQUIRE_MESSAGE(added.ok(), added.error().to_string());
    }
  }
  finish(*here);
  finish(*there);
  const Json a = here->result(), b = there->result();
  CHECK(a["base"] == b["base"]);
  REQUIRE(a["plan"]["exits"].size() == b["plan"]["exits"].size());
  REQUIRE(a["plan"]["exits"].size() >= 1);
  for (size_t i = 0; i < a["plan"]["exits"].size(); ++i) {
    CHECK(a["plan"]["exits"][i]["at"] == b["plan"]["exits"][i]["at"]);
    CHECK(a["plan"]["exits"][i]["head"] == b["plan"]["exits"][i]["head"]);
    check_near(a["plan"]["exits"][i]["threshold"], b["plan"]["exits"][i]["threshold"], 0.02);
  }
  check_near(a["plan"]["accuracy"], b["plan"]["accuracy"], 0.02);
}

TEST_CASE("extraction elsewhere: rows are recorded and gone on from as those extracted here") {
  const ResumeWorld world(Json::object(), kCounts);
  const auto there = world.create(), later = world.create();
  Elsewhere server(*there);
  const DrawnRows& rows = world.rows(Part::kTrain);
  const auto answer = server.run(prepared(*there, rows.x));
  REQUIRE(there->add_features(Part::kTrain, rows.x, rows.labels, {}, answer[0], answer[1]).ok());
  const auto record = there->rows_record(Part::kTrain, 0, 120);
  REQUIRE(record.ok());
  REQUIRE(world.add(*later, Part::kTrain, 0, 120, *record).ok());
  CHECK(*later->rows_record(Part::kTrain, 0, 120) == *record);
}

TEST_CASE("extraction elsewhere: answers that cannot be this model's") {
  const ResumeWorld world(Json::object(), kCounts);
  const auto augmenter = world.create();
  Elsewhere server(*augmenter);
  const DrawnRows& rows = world.rows(Part::kTrain);
  const Tensor raw = rows.x.rows(0, 10);
  const auto labels = std::span(rows.labels).first(10);
  const auto good = server.run(prepared(*augmenter, raw));
  const auto refusal = [&](const Tensor& features, const Tensor& logits, ErrorCode code) {
    const Status added = augmenter->add_features(Part::kTrain, raw, labels, {}, features, logits);
    REQUIRE_FALSE(added.ok());
    CHECK(added.error().code == code);
    return added.error().to_string();
  };
  const int64_t width = good[0].dims()[1];
  const std::string wide = std::to_string(width);
  CHECK(refusal(good[0].rows(0, 9), good[1], ErrorCode::kInvalidArgument) ==
        "train rows: the server's features are f32 [9, " + wide + "], expected f32 [10, " + wide + "]: it serves another model");
  CHECK(refusal(good[0], good[0], ErrorCode::kInvalidArgument) ==
        "train rows: the server's logits are f32 [10, " + wide + "], expected f32 [10, 3]: it serves another model");
  Tensor odd = good[0];
  odd.mutable_data<float>()[size_t(4 * width + 1)] = NAN;
  CHECK(refusal(odd, good[1], ErrorCode::kInvalidData) == "train rows: row 4: the server's features are not finite");
  Tensor endless = good[1];
  endless.mutable_data<float>()[29] = INFINITY;
  CHECK(refusal(good[0], endless, ErrorCode::kInvalidData) == "train rows: row 9: the server's logits are not finite");
  Tensor other = good[0];
  for (float& v : other.mutable_data<float>()) v *= 1.1f;
  const std::string text = refusal(other, good[1], ErrorCode::kInvalidData);
  CHECK(text.starts_with("train rows: row 0: features of exit point 0 from the server differ by "));
  CHECK(text.ends_with(" % of the largest from this model's own; it serves another model: export its features anew"));
  Tensor others = good[1];
  for (float& v : others.mutable_data<float>()) v += 1;
  CHECK(refusal(good[0], others, ErrorCode::kInvalidData).starts_with("train rows: row 0: logits from the server differ by "));
  // Nothing was added by any of them; a server that rounds coarsely is taken.
  CHECK_FALSE(augmenter->rows_record(Part::kTrain, 0, 1).ok());
  Tensor coarse = good[0];
  for (float& v : coarse.mutable_data<float>()) v *= 1.004f;
  CHECK(augmenter->add_features(Part::kTrain, raw, labels, {}, coarse, good[1]).ok());
  CHECK(augmenter->rows_record(Part::kTrain, 0, 10).ok());
  const std::vector<int32_t> wrong(10, 3);
  const Status labelled = augmenter->add_features(Part::kTrain, raw, wrong, {}, good[0], good[1]);
  CHECK(labelled.error().to_string() == "train rows: row 10: label 3 is not one of the model's 3 classes");
}

}  // namespace
