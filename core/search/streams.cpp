#include "search/streams.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace offramp {
namespace {

constexpr int kThresholds = 64;  // tried besides never; denser near 0, where most of the choice is

float threshold_at(StreamRule rule, int i) {
  const float part = float(i) / float(kThresholds - 1), most = rule == StreamRule::kDifference ? 1.41421356f : 1.0f;
  return most * part * part;
}

// How harm is spread over scenes and records, row by row.
class HarmSpread {
 public:
  void add(bool harmed) {
    ++rows_;
    scene_ += harmed;
    record_ += harmed;
  }
  void end_scene() {
    scene_squares_ += double(scene_) * double(scene_);
    scene_ = 0;
  }
  void end_record() {
    if (rows_ > 0) records_.push_back({double(rows_), double(record_)});
    rows_ = record_ = 0;
    end_scene();
  }
  double deviation() {
    end_record();
    double rows = 0, harmed = 0, between = 0;
    for (const Record& r : records_) rows += r.rows, harmed += r.harmed;
    if (rows == 0) return 0;
    for (const Record& r : records_) between += (r.harmed - r.rows * harmed / rows) * (r.harmed - r.rows * harmed / rows);
    const double records = double(records_.size());
    if (records > 1) between *= records / (records - 1);
    return std::sqrt(std::max(scene_squares_, between)) / rows;
  }

 private:
  struct Record {
    double rows, harmed;
  };
  std::vector<Record> records_;
  int64_t rows_ = 0, record_ = 0, scene_ = 0;
  double scene_squares_ = 0;
};

// The rule's threshold is one more choice, at one more place.
double allowance(size_t exits, const StreamFigures& figures, int64_t rows) {
  const double count = figures.harm_deviation * figures.harm_deviation * double(rows);  // that has this deviation, over rows
  return search_allowance(int(exits) + 1, int64_t(exits) + 1, rows, count);
}

Status validate(const StreamTable& table, std::span<const Plan> plans) {
  const Outcomes& o = table.outcomes;
  const size_t rows = o.labels.size();
  const auto disagree = [&](const std::string& what, size_t wanted, size_t got) {
    return invalid_argument("expected " + std::to_string(wanted) + " " + what + ", got " + std::to_string(got));
  };
  if (rows == 0) return invalid_argument("no rows to choose on");
  if (plans.empty()) return invalid_argument("no plans to choose from");
  if (o.base_predictions.size() != rows) return disagree("predictions of the backbone", rows, o.base_predictions.size());
  if (table.starts.size() != rows) return disagree("marks of where records begin", rows, table.starts.size());
  if (table.early.size() != rows * size_t(o.classes)) return disagree("probabilities", rows * size_t(o.classes), table.early.size());
  for (const Plan& plan : plans) {
    if (plan.exits.empty()) return invalid_argument("a stream rule needs a plan with an exit");
    for (const PlannedExit& exit : plan.exits) {
      if (size_t(exit.candidate) >= o.candidates.size())
        return invalid_argument("a plan uses candidate " + std::to_string(exit.candidate) + " of " + std::to_string(o.candidates.size()));
      const ExitCandidate& c = o.candidates[size_t(exit.candidate)];
      if (c.scores.size() != rows || c.predictions.size() != rows)
        return disagree("scores and predictions of candidate " + std::to_string(exit.candidate), rows,
                        std::min(c.scores.size(), c.predictions.size()));
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(StreamRule rule) { return rule == StreamRule::kDifference ? "difference" : "patience"; }

bool Scene::holds(const StreamSetting& setting, std::span<const float> probabilities, float score) const {
  if (probabilities_.empty() || setting.threshold < 0) return false;
  if (setting.rule == StreamRule::kPatience) {
    const auto largest = [](std::span<const float> p) { return std::max_element(p.begin(), p.end()) - p.begin(); };
    return largest(probabilities) == largest(probabilities_) && score >= score_ - setting.threshold;
  }
  float sum = 0;
  for (size_t c = 0; c < probabilities_.size(); ++c) {
    const float change = probabilities[c] - probabilities_[c];
    sum += change * change;
  }
  return std::sqrt(sum) <= setting.threshold;
}

void Scene::begin(std::span<const float> probabilities, float score, int32_t answer) {
  probabilities_.assign(probabilities.begin(), probabilities.end());
  score_ = score;
  answer_ = answer;
}

StreamFigures evaluate_stream(const StreamTable& table, const std::vector<PlannedExit>& exits, const StreamSetting& setting) {
  const Outcomes& o = table.outcomes;
  const size_t ends = exits.size() + 1, classes = size_t(o.classes);
  OFFRAMP_CHECK(!exits.empty() && table.starts.size() == o.labels.size() && table.early.size() == o.labels.size() * classes);
  std::vector<int64_t> left(ends), right(ends);
  int64_t reused = 0, reused_right = 0, harmed = 0;
  HarmSpread spread;
  Scene scene;
  for (size_t row = 0; row < o.labels.size(); ++row) {
    if (table.starts[row]) {
      scene.forget();
      spread.end_record();
    }
    const ExitCandidate& first = o.candidates[size_t(exits[0].candidate)];
    const std::span<const float> early = std::span(table.early).subspan(row * classes, classes);
    size_t end = 0;
    const auto sure = [&] { return o.candidates[size_t(exits[end].candidate)].scores[row] >= exits[end].threshold; };
    int32_t answer = 0;
    const bool reuses = !sure() && scene.holds(setting, early, first.scores[row]);
    if (reuses) {
      answer = scene.answer();
    } else {
      while (end < exits.size() && !sure()) ++end;
      answer = end < exits.size() ? o.candidates[size_t(exits[end].candidate)].predictions[row] : o.base_predictions[row];
      scene.begin(early, first.scores[row], answer);
      spread.end_scene();
    }
    const bool correct = answer == o.labels[row];
    (reuses ? reused : left[end]) += 1;
    (reuses ? reused_right : right[end]) += correct;
    const bool harms = !correct && o.base_predictions[row] == o.labels[row];
    harmed += harms;
    spread.add(harms);
  }

  StreamFigures figures;
  const double rows = double(std::max<int64_t>(o.rows(), 1));
  double heads = 0, cost = 0;
  int64_t all_right = reused_right;
  for (size_t e = 0; e < ends; ++e) {
    const ExitCandidate* c = e < exits.size() ? &o.candidates[size_t(exits[e].candidate)] : nullptr;
    heads += c ? c->head_cost : 0;
    const double here = heads + (c ? c->backbone_cost : o.base_cost);
    cost += here * double(left[e] + (e == 0 ? reused : 0));
    all_right += right[e];
    figures.plan.exit_rates.push_back(double(left[e]) / rows);
    figures.plan.exit_accuracy.push_back(left[e] > 0 ? double(right[e]) / double(left[e]) : std::numeric_limits<double>::quiet_NaN());
  }
  figures.plan.accuracy = double(all_right) / rows;
  figures.plan.harm = double(harmed) / rows;
  figures.plan.mean_cost = cost / rows;
  figures.reuse_rate = double(reused) / rows;
  figures.harm_deviation = spread.deviation();
  return figures;
}

Result<StreamChoice> choose_stream(const StreamTable& table, std::span<const Plan> plans, StreamRule rule, double max_harm) {
  OFFRAMP_RETURN_IF_ERROR(validate(table, plans));
  StreamChoice best;
  double least_harm = std::numeric_limits<double>::infinity();
  for (const Plan& plan : plans)
    for (int i = -1; i < kThresholds; ++i) {
      const StreamSetting setting{rule, i < 0 ? StreamSetting::kNeverReuse : threshold_at(rule, i)};
      const StreamFigures figures = evaluate_stream(table, plan.exits, setting);
      const double harm = figures.plan.harm + allowance(plan.exits.size(), figures, table.outcomes.rows());
      least_harm = std::min(least_harm, harm);
      const bool cheaper = best.plan.exits.empty() || figures.plan.mean_cost < best.figures.plan.mean_cost;
      if (harm <= max_harm && cheaper) best = {plan, setting, figures};
    }
  if (best.plan.exits.empty())
    return infeasible("no plan keeps harm, with its allowance, at most " + std::to_string(max_harm) + "; the least is " +
                      std::to_string(least_harm));
  return best;
}

}  // namespace offramp
