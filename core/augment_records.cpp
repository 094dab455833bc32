// Records of a search between two steps: all that it has found so far, so that another Augmenter of the same model, options and rows goes
// on from there. What follows from these (sources of views, networks, costs) is made anew, not read.
#include <algorithm>

#include "augmenter.h"
#include "features/layout.h"

namespace offramp {
namespace {

constexpr uint32_t kVersion = 2;  // to be raised when a step goes on from the same bytes differently
constexpr const char* kKind = "search";

// A kind by its name, among those that can stand where values have that shape.
void archive_kind(Archive& a, HeadKind& kind, const Dims& shape) {
  std::string name = kind.name;
  a.text("kind", name, 64);
  if (!a.reading() || !a.ok()) return;
  for (const HeadKind& known : head_family())
    if (known.name == name && (known.body.empty() ? known.pooling != Pooling::kGrid || grid_length(shape) > 0 : body_map(shape).channels > 0)) {
      kind = known;
      return;
    }
  a.refuse("kind: no head \"" + name + "\" can stand here");
}

void archive_head(Archive& a, Head& head, const Dims& shape, int64_t classes) {
  archive_kind(a, head.kind, shape);
  if (!a.ok()) return;
  if (a.reading()) {
    const NetworkShape network = network_of(head.kind, shape, classes);
    head.inputs = network.inputs;
    head.classes = classes;
    head.body.clear();
    for (const ConvLayer& layer : network.body)
      head.body.push_back({layer, std::vector<float>(size_t(layer.weights())), std::vector<float>(size_t(layer.out_channels))});
    head.w1.resize(size_t(network.inputs * network.width()));
    head.b1.resize(size_t(network.width()));
    head.w2.resize(size_t(network.hidden * classes));
    head.b2.resize(network.hidden > 0 ? size_t(classes) : 0);
  }
  for (HeadConv& conv : head.body)
    for (auto* values : {&conv.weights, &conv.biases}) a.fixed("convolution", *values);
  for (auto* values : {&head.w1, &head.b1, &head.w2, &head.b2}) a.fixed("weights", *values);
  a.number("temperature", head.temperature, 0.01f, 100.0f);
}

void archive_rows(Archive& a, ExitCandidate& candidate, const Outcomes& of) {
  if (a.reading()) {
    candidate.scores.resize(of.labels.size());
    candidate.predictions.resize(of.labels.size());
  }
  for (float& weight : candidate.gate) a.number("gate", weight);
  a.fixed("scores", candidate.scores);
  a.fixed("answers", candidate.predictions);
  for (int32_t answer : candidate.predictions)
    if (answer < 0 || answer >= of.classes) a.refuse("answers: expected 0 to " + std::to_string(of.classes - 1) + ", got " + std::to_string(answer));
}

}  // namespace

Result<std::vector<uint8_t>> Augmenter::search_record() {
  State& s = *state_;
  if (!s.started || s.unreadable) return invalid_argument("a search is recorded after its first step");
  Archive a;
  s.archive_owners(a);
  OFFRAMP_RETURN_IF_ERROR(s.archive(a));
  return seal_record(kKind, kVersion, a.take());
}

Result<Augmenter::Progress> Augmenter::resume(std::span<const uint8_t> record) {
  State& s = *state_;
  if (s.started) return invalid_argument("a search goes on from a record before its first step");
  const auto read = [&]() -> Status {
    OFFRAMP_TRY(const auto body, open_record(kKind, kVersion, record));
    Archive a(body);
    s.archive_owners(a);
    if (!a.ok()) return a.finish();
    OFFRAMP_RETURN_IF_ERROR(s.start());
    s.unreadable = true;
    OFFRAMP_RETURN_IF_ERROR(s.archive(a));
    OFFRAMP_RETURN_IF_ERROR(a.finish());
    s.unreadable = false;
    return {};
  };
  OFFRAMP_RETURN_IF_ERROR(read().within("record of the search"));
  return s.progress();
}

void Augmenter::State::archive_owners(Archive& a) const {
  Sha256 of_rows;
  for (size_t part = 0; part < tables.size(); ++part) {
    const std::string hash = raw[part].hash();
    of_rows.update(hash.data(), hash.size());
    of_rows.update(tables[part].labels.data(), tables[part].labels.size() * sizeof(int32_t));
  }
  of_rows.update(groups.data(), groups.size() * sizeof(int64_t));
  a.owner("another model", model_hash);
  a.owner("other options", options_hash);
  a.owner("other rows", of_rows.hex());
}

Status Augmenter::State::archive(Archive& a) {
  MappingOptions& mapping_options = options.mapping;
  double speed = mapping_options.measured_macs_per_s.value_or(0);
  a.number("measured speed", speed, 0, 1e18);
  if (a.reading() && speed > 0 && mapping_options.targets) {
    mapping_options.measured_macs_per_s = speed;
    OFFRAMP_RETURN_IF_ERROR(set_measured_speed(*mapping_options.targets, speed));
  }
  auto at = int(std::min(phase, Phase::kSearch));
  a.number("phase", at, 0, int(Phase::kSearch));
  const Phase phase_then = Phase(at);
  archive_screening(a, phase_then == Phase::kScreen);
  if (phase_then == Phase::kScreen) return {};

  archive_views(a);
  archive_choices(a, qualifying, exit_points.size() * head_family().size());
  if (phase_then > Phase::kQualify) archive_trained(a, qualified, qualifying, 1);
  if (phase_then > Phase::kRank) {
    qualified_accuracy.resize(qualifying.size());
    a.fixed("accuracies", qualified_accuracy);
    archive_choices(a, finalists, 2 * qualifying.size());
    a.number("finalists on views", viewed, 1, int64_t(finalists.size()) - 1);
  }
  const size_t fits = cross_fitted ? kFits + 1 : 1;
  if (phase_then == Phase::kTrainTable && a.ok()) archive_trained(a, fold_heads, viewed_finalists(), fits);
  if (phase_then == Phase::kScore) archive_trained(a, fold_heads, finalists, fits);
  if (phase_then > Phase::kScore) archive_heads(a, phase_then == Phase::kSearch);
  if (!a.ok()) return {};
  if (a.reading()) OFFRAMP_RETURN_IF_ERROR(begin_again(phase_then));
  if (phase_then == Phase::kRank || phase_then == Phase::kScore) archive_scoring(a);
  if (phase_then != Phase::kQualify && phase_then != Phase::kTrain && phase_then != Phase::kTrainTable) return {};
  a.number("steps", done, 0, total - 1);
  return trainer->archive(a);
}

// The phase, as if it had not been under way.
Status Augmenter::State::begin_again(Phase at) {
  if (at == Phase::kQualify) return begin_qualify();
  if (at == Phase::kRank) return begin_rank();
  if (at == Phase::kTrain) return begin_training();
  if (at == Phase::kTrainTable) return begin_table_training();
  if (at == Phase::kScore) return begin_score();
  if (at == Phase::kSearch) return begin_search();
  phase = Phase::kPaper;
  done = int64_t(heads.size() - finalists.size());
  total = int64_t(exit_points.size());
  return {};
}

// What a head at each exit point said of the grading rows; only the accuracy is needed once promising points are chosen.
void Augmenter::State::archive_screening(Archive& a, bool under_way) {
  const size_t points = exit_points.size();
  a.list("screened accuracies", screen_accuracy, under_way ? 0 : points, under_way ? points - 1 : points);
  if (!a.ok() || !under_way) return;
  const size_t seen = screen_accuracy.size();
  screened.candidates.resize(a.count("screened heads", screened.candidates.size(), 1, seen, 2 * seen));
  for (size_t i = 0; i < screened.candidates.size() && a.ok(); ++i) {
    const Archive::Frame frame(a, "screened head", i);
    ExitCandidate& candidate = screened.candidates[i];
    a.number("exit point", candidate.exit_point, 0, int32_t(seen) - 1);
    candidate.head = candidate.exit_point;
    candidate.score = Score::kMargin;
    candidate.backbone_cost = double(exit_points[size_t(candidate.exit_point)].macs);
    a.number("head cost", candidate.head_cost, 0, 1e18);
    archive_rows(a, candidate, screened);
  }
  done = int64_t(seen);
}

// Which points only the paper's heads still read, and the views that training sees.
void Augmenter::State::archive_views(Archive& a) {
  std::vector<uint8_t> gap_only = train().gap_only;
  gap_only.resize(exit_points.size());
  a.fixed("points left out", gap_only);
  a.flag("flip", views.flip);
  a.number("shift of rows", views.shift_rows, 0, 1 << 30);
  a.number("shift of columns", views.shift_columns, 0, 1 << 30);
  for (float* strength : {&views.noise, &views.gain, &views.mix}) a.number("view", *strength, 0.0f, 1.0f);
  if (!a.ok() || !a.reading()) return;
  for (size_t point = 0; point < gap_only.size(); ++point)
    if (gap_only[point])
      for (FeatureTable& table : tables) table.keep_gap(int32_t(point));
}

void Augmenter::State::archive_choices(Archive& a, std::vector<HeadChoice>& choices, size_t most) {
  choices.resize(a.count("choices", choices.size(), sizeof(int32_t), 1, most));
  for (size_t i = 0; i < choices.size(); ++i) {
    const Archive::Frame frame(a, "choice", i);
    HeadChoice& choice = choices[i];
    a.number("exit point", choice.exit_point, 0, int32_t(exit_points.size()) - 1);
    const std::vector<uint8_t>& left_out = train().gap_only;
    if (a.ok() && size_t(choice.exit_point) < left_out.size() && left_out[size_t(choice.exit_point)]) a.refuse("exit point: it was left out");
    if (!a.ok()) return;
    archive_kind(a, choice.kind, point_shape(choice.exit_point));
  }
}

// `fits` heads of each choice.
void Augmenter::State::archive_trained(Archive& a, std::vector<Head>& trained, std::span<const HeadChoice> choices, size_t fits) {
  trained.resize(choices.size() * fits);
  for (size_t i = 0; i < trained.size() && a.ok(); ++i) {
    const HeadChoice& choice = choices[i / fits];
    const Archive::Frame frame(a, "head", i);
    archive_head(a, trained[i], point_shape(choice.exit_point), classes);
    if (a.ok() && trained[i].kind.name != choice.kind.name) a.refuse("kind: expected \"" + choice.kind.name + "\", got \"" + trained[i].kind.name + "\"");
  }
}

void Augmenter::State::archive_scoring(Archive& a) {
  auto at = int64_t(scoring_at);
  a.number("rows scored", at, 0, total - 1);
  scoring_at = size_t(at);
  done = at;
  for (Tensor& of_head : logits) a.raw("logits", of_head.mutable_raw(), of_head.bytes());
}

// Trained heads, ours and then the paper's, and the candidates of each.
void Augmenter::State::archive_heads(Archive& a, bool all) {
  const size_t ours = finalists.size(), points = exit_points.size();
  heads.resize(a.count("heads", heads.size(), 1, ours + (all ? points : 0), ours + points - (all ? 0 : 1)));
  for (size_t h = 0; h < heads.size() && a.ok(); ++h) {
    const Archive::Frame frame(a, "head", h);
    TrainedHead& trained = heads[h];
    trained.paper = h >= ours;
    trained.exit_point = trained.paper ? int32_t(h - ours) : finalists[h].exit_point;
    archive_head(a, trained.head, point_shape(trained.exit_point), classes);
    a.number("accuracy", trained.select_accuracy, 0, 1);
    if (!a.ok()) return;
    if (a.reading())
      for (Score score : std::span(kOfferedScores).first(trained.paper ? 1 : kOfferedScores.size()))
        outcomes.candidates.push_back(candidate_of(int32_t(h), score));
    for (ExitCandidate& candidate : outcomes.candidates)
      if (candidate.head == int32_t(h)) archive_rows(a, candidate, outcomes);
  }
}

}  // namespace offramp
