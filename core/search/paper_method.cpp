// The paper's search: a graph of (exit, threshold) nodes whose edges carry the weighted cost of what follows, relaxed
// as by Bellman-Ford. Exits count as independent: what one does to a row is taken not to depend on earlier exits.
#include "search/paper_method.h"

#include <algorithm>
#include <limits>

namespace offramp {
namespace {

constexpr int kThresholds = 13;

// What is known of one (exit, threshold) from all rows, as if no exit stood before it.
struct Node {
  int32_t candidate = 0;
  float threshold = 0;
  double leave = 0;     // share of rows that would leave
  double accuracy = 0;  // of those
  double harm = 0;      // of those: the backbone right, the exit wrong
};

struct Value {
  double weighted = std::numeric_limits<double>::infinity();  // from here on, of a row that gets here
  int32_t next = -1;                                          // node, -1: the backbone's end
};

std::vector<Node> nodes_of(const Outcomes& outcomes) {
  std::vector<Node> nodes;
  for (size_t c = 0; c < outcomes.candidates.size(); ++c) {
    const ExitCandidate& candidate = outcomes.candidates[c];
    if (!candidate.paper || candidate.score != Score::kMaxProbability) continue;
    for (int t = 0; t < kThresholds; ++t) {
      Node node{int32_t(c), 0.6f + 0.025f * float(t)};
      int64_t left = 0, right = 0, harmed = 0;
      for (size_t row = 0; row < outcomes.labels.size(); ++row) {
        if (!(candidate.scores[row] >= node.threshold)) continue;
        const bool correct = candidate.predictions[row] == outcomes.labels[row];
        ++left;
        right += correct;
        harmed += !correct && outcomes.base_predictions[row] == outcomes.labels[row];
      }
      if (left > 0) {
        node.leave = double(left) / double(outcomes.rows());
        node.accuracy = double(right) / double(left);
        node.harm = double(harmed) / double(left);
      }
      nodes.push_back(node);
    }
  }
  return nodes;
}

// Weights of the objective: share of the backbone's cost, and error as a multiple of the backbone's.
struct Objective {
  double per_cost, per_error;
};

}  // namespace

PaperPlan search_paper_method(const Outcomes& outcomes, const PaperOptions& options) {
  OFFRAMP_CHECK(options.correction > 0 && options.correction <= 1);
  const double rows = double(std::max<int64_t>(outcomes.rows(), 1));
  const PlanFigures base = evaluate_plan(outcomes, {});
  const double base_error = std::max(1 - base.accuracy, 1 / rows);
  const Objective weight{options.cost_weight / outcomes.base_cost, options.accuracy_weight / base_error};
  const std::vector<Node> nodes = nodes_of(outcomes);
  const auto candidate = [&](const Node& node) -> const ExitCandidate& {
    return outcomes.candidates[size_t(node.candidate)];
  };
  const auto segment = [&](const Node* from, const Node* to) {
    const double done = from ? candidate(*from).backbone_cost : 0;
    return to ? candidate(*to).backbone_cost - done + candidate(*to).head_cost : outcomes.base_cost - done;
  };
  const double end_error = weight.per_error * (1 - base.accuracy);

  // values[k][node]: the best way on from a node with at most k further exits; one round per exit, as Bellman-Ford
  // relaxes one edge per round. The best path of round k is the best over all architectures of at most k exits.
  const int rounds = std::clamp(options.max_exits, 0, int(nodes.size()));
  std::vector<std::vector<Value>> values(size_t(rounds) + 1, std::vector<Value>(nodes.size() + 1));
  for (int k = 0; k <= rounds; ++k) {
    for (size_t from = 0; from <= nodes.size(); ++from) {  // the last one stands for the input
      const Node* here = from < nodes.size() ? &nodes[from] : nullptr;
      Value best{weight.per_cost * segment(here, nullptr) + end_error, -1};
      for (size_t to = 0; k > 0 && to < nodes.size(); ++to) {
        if (here && candidate(*here).exit_point >= candidate(nodes[to]).exit_point) continue;
        const Node& next = nodes[to];
        const double weighted = weight.per_cost * segment(here, &next) +
                                next.leave * weight.per_error * (1 - next.accuracy) +
                                (1 - next.leave) * values[size_t(k) - 1][to].weighted;
        if (weighted < best.weighted) best = {weighted, int32_t(to)};
      }
      values[size_t(k)][from] = best;
    }
  }

  PaperPlan result;
  // Fewest exits that reach the least weight: later rounds only repeat it.
  int k = 0;
  while (k < rounds && values[size_t(rounds)][nodes.size()].weighted < values[size_t(k)][nodes.size()].weighted) ++k;
  double reach = 1, heads = 0;
  PlanFigures& predicted = result.predicted;
  for (int32_t at = values[size_t(k)][nodes.size()].next; at >= 0;) {
    const Node& node = nodes[size_t(at)];
    result.plan.exits.push_back({node.candidate, node.threshold});
    heads += candidate(node).head_cost;
    const double leave = reach * node.leave;
    predicted.accuracy += leave * node.accuracy;
    predicted.harm += leave * node.harm;
    predicted.mean_cost += leave * (candidate(node).backbone_cost + heads);
    predicted.exit_rates.push_back(leave);
    predicted.exit_accuracy.push_back(node.leave > 0 ? node.accuracy : std::numeric_limits<double>::quiet_NaN());
    reach *= 1 - node.leave;
    at = --k >= 0 ? values[size_t(k)][size_t(at)].next : -1;
  }
  predicted.accuracy += reach * base.accuracy;
  predicted.mean_cost += reach * (outcomes.base_cost + heads);
  predicted.exit_rates.push_back(reach);
  predicted.exit_accuracy.push_back(base.accuracy);
  for (PlannedExit& exit : result.plan.exits) exit.threshold *= float(options.correction);
  result.plan.figures = evaluate_plan(outcomes, result.plan.exits);
  return result;
}

}  // namespace offramp
