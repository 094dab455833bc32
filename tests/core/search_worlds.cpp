#include "search_worlds.h"

#include <cmath>

#include "base/math.h"
#include "base/rng.h"
#include "search_tables.h"

namespace offramp {
namespace {

constexpr float kNeighbours = 0.8f;  // correlation of neighbouring exits

float sigmoid(float x) { return 1 / (1 + exp_exact(-x)); }

// The next exit's luck, from the one before.
void move_on(std::vector<float>& luck, Rng& rng) {
  for (float& x : luck) x = kNeighbours * x + std::sqrt(1 - kNeighbours * kNeighbours) * rng.normal();
}

}  // namespace

Outcomes draw(const World& w, int64_t rows, uint64_t seed) {
  Rng rng(seed);
  const auto n = size_t(rows);
  const auto wrong = int32_t(w.class_shares.size());  // an answer that is always wrong
  Outcomes o;
  o.classes = wrong + 1;
  o.base_cost = 100;
  std::vector<float> difficulty(n), confusion(n), answer_luck(n), score_luck(n), point_luck(n);
  for (size_t r = 0; r < n; ++r) {
    int32_t label = 0;
    for (double u = rng.uniform(); label + 1 < wrong && u >= w.class_shares[size_t(label)]; ++label)
      u -= w.class_shares[size_t(label)];
    difficulty[r] = 2 * rng.normal();
    confusion[r] = rng.uniform();
    o.labels.push_back(label);
    o.base_predictions.push_back(rng.uniform() < sigmoid(w.backbone_skill - difficulty[r]) ? label : wrong);
  }
  const float shared = std::sqrt(w.head_correlation), own = std::sqrt(1 - w.head_correlation);
  for (int p = 0; p < w.points; ++p) {
    const float depth = float(p) / float(w.points);
    const float skill = w.first_skill + (w.backbone_skill - w.first_skill) * depth;
    move_on(answer_luck, rng);
    move_on(score_luck, rng);
    for (float& x : point_luck) x = rng.normal();
    for (int h = 0; h < w.heads; ++h) {
      std::vector<float> sure(n);
      std::vector<int32_t> answers(n, wrong);
      for (size_t r = 0; r < n; ++r) {
        const float ease = skill - 0.15f * float(h % 4) - difficulty[r] + shared * answer_luck[r] + own * rng.normal();
        sure[r] = ease + 0.6f * score_luck[r] + 0.25f * rng.normal();
        const float luck = shared * point_luck[r] + own * rng.normal();
        const bool confused = confusion[r] < w.confused[size_t(o.labels[r])] * (1 - depth) * (1 - depth);
        if (confused) sure[r] += 0.5f;
        if (!confused && 1.5f * ease + 1.7f * luck > 0) answers[r] = o.labels[r];
      }
      for (int s = 0; s < w.scores; ++s) {
        ExitCandidate c;
        c.exit_point = p;
        c.head = p * w.heads + h;
        c.backbone_cost = 100.0 * (p + 1) / (w.points + 1);
        c.head_cost = 0.1 * (1 + h % 3);
        c.predictions = answers;
        for (size_t r = 0; r < n; ++r) c.scores.push_back(sigmoid(sure[r] + (s > 0 ? w.score_noise * rng.normal() : 0)));
        o.candidates.push_back(std::move(c));
      }
    }
  }
  return o;
}

std::vector<double> class_harm(const Outcomes& o, const Plan& plan) {
  std::vector<double> harm(size_t(o.classes));
  for (const auto& [label, changes] : changes_by_class(o, plan)) harm[size_t(label)] = double(changes.harmed) / double(changes.rows);
  return harm;
}

}  // namespace offramp
