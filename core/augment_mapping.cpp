// With targets: exits and their mapping chosen together, and a plan's answers as they are behind compressed links.
#include <algorithm>

#include "augmenter.h"
#include "features/layout.h"
#include "graph/operators.h"
#include "passes/passes.h"

namespace offramp {
namespace {

constexpr int64_t kRowsPerStep = 64;

HeadMemory memory_of(const Head& head) {
  HeadMemory memory = {int64_t(sizeof(float)) * head.parameters(), 0};
  int64_t values = head.inputs + head.kind.hidden + head.classes;
  for (const HeadConv& conv : head.body) {
    const ConvLayer& layer = conv.layer;
    values = std::max(values, layer.height * layer.width * layer.channels + layer.out_pixels() * layer.out_channels);
  }
  memory.activation_bytes = int64_t(sizeof(float)) * values;
  return memory;
}

// The coarsest encoding that a point's value takes on its way, by cut point.
std::vector<Encoding> encodings_of(const Mapping& mapping, const Targets& targets, size_t points) {
  std::vector<Encoding> coarsest(points, Encoding::kF32);
  for (size_t l = 0; l < targets.links.size(); ++l) {
    const auto point = size_t(mapping.starts[l + 1]);
    if (point + 1 < points) coarsest[point] = std::max(coarsest[point], targets.links[l].encoding);
  }
  return coarsest;
}

}  // namespace

// The chosen plan on rows that go through compressed links.
struct ReceivedRows {
  std::unique_ptr<Session> session;  // outputs: the backbone's logits, then the values of `exits`
  std::vector<size_t> exits;         // of the plan, behind a compressed cut
  std::vector<Tensor> logits;        // of those exits, then of the backbone's end: [rows, classes]
  size_t part = 0;
  int64_t at = 0;
};

Augmenter::State::State() = default;
Augmenter::State::~State() = default;

Status Augmenter::State::begin_joint_search() {
  receiving.reset();  // of a search that was left for another one
  OFFRAMP_TRY(cut_points, find_cut_points(graph, exit_points));
  head_memory.clear();
  for (const ExitCandidate& candidate : outcomes.candidates) head_memory.push_back(memory_of(heads[size_t(candidate.head)].head));
  joint = std::make_unique<JointSearch>(outcomes, head_memory, cut_points, *options.mapping.targets,
                                        JointOptions{options.mapping.cost, options.search});
  phase = Phase::kSearch;
  done = 0;
  total = joint->total_steps();
  return {};
}

// True when exits and mapping are chosen and their answers behind compressed links are known.
Result<bool> Augmenter::State::joint_search_next() {
  if (receiving) return receive_next();
  OFFRAMP_RETURN_IF_ERROR(joint->step());
  ++done;
  total = std::max(done + 1, joint->total_steps());
  if (!joint->done()) return false;
  JointResult result = joint->take();
  joint.reset();
  found = std::move(result.found);
  mapping = std::move(result.mapping);
  // From here on plans are told in MACs.
  for (Plan& plan : found.front) plan.figures = evaluate_plan(outcomes, plan.exits);
  found.chosen.figures = evaluate_plan(outcomes, found.chosen.exits);
  return begin_receiving();
}

// True if nothing is compressed.
Result<bool> Augmenter::State::begin_receiving() {
  receiving.reset();
  received = {};
  received_exits.clear();
  received_exits.clear();
  const std::vector<Encoding> encodings = encodings_of(*mapping, *options.mapping.targets, cut_points.size());
  const auto first = std::find_if(encodings.begin(), encodings.end(), [](Encoding e) { return e != Encoding::kF32; }) - encodings.begin();
  if (size_t(first) == encodings.size()) return true;
  Graph compressed = graph;
  for (size_t point = 0; point + 1 < encodings.size(); ++point)
    OFFRAMP_RETURN_IF_ERROR(add_transmission(compressed, point == 0 ? graph.inputs[0] : exit_points[point - 1].value, encodings[point]));
  auto next = std::make_unique<ReceivedRows>();
  for (size_t e = 0; e < found.chosen.exits.size(); ++e) {
    const ExitPoint& place = exit_points[size_t(outcomes.candidates[size_t(found.chosen.exits[e].candidate)].exit_point)];
    if (outcomes.candidates[size_t(found.chosen.exits[e].candidate)].exit_point + 1 <= first) continue;
    next->exits.push_back(e);
    compressed.outputs.push_back(
        add_channels_first(compressed, place.value, place.shape.size() + 1, has_channels_last(graph, place.value)));
  }
  OFFRAMP_RETURN_IF_ERROR(infer_shapes(compressed));
  OFFRAMP_TRY(next->session, Session::create(std::move(compressed), {options.backend}));
  next->part = cross_fitted ? 0 : 1;
  receiving = std::move(next);
  prepare_received();
  return false;
}

void Augmenter::State::prepare_received() {
  ReceivedRows& r = *receiving;
  r.at = 0;
  r.logits.assign(r.exits.size() + 1, Tensor(DType::kF32, {tables[r.part].rows(), classes}));
  done = 0;
  total = tables[r.part].rows();
}

// Some rows through the links.
Result<bool> Augmenter::State::receive_next() {
  ReceivedRows& r = *receiving;
  const int64_t rows = tables[r.part].rows(), end = std::min(rows, r.at + kRowsPerStep);
  std::vector<int32_t> numbers;
  for (int64_t row = r.at; row < end; ++row) numbers.push_back(int32_t(row));
  OFFRAMP_TRY(const Tensor inputs, options.preprocess.apply(raw[r.part].gather(numbers)));
  OFFRAMP_TRY(const std::vector<Tensor> outputs, r.session->run(std::span(&inputs, 1)));
  const auto put = [&](Tensor& into, const Tensor& some) {
    std::copy(some.data<float>().begin(), some.data<float>().end(), into.mutable_data<float>().begin() + r.at * classes);
  };
  for (size_t i = 0; i < r.exits.size(); ++i) {
    const Head& head = heads[size_t(outcomes.candidates[size_t(found.chosen.exits[r.exits[i]].candidate)].head)].head;
    const Tensor& map = outputs[i + 1];
    PointBatch batch;
    if (head.body.empty()) batch = {pool_features(map, Pooling::kGapGmp), pool_features(map, Pooling::kGrid), {}};
    else batch.map = pool_body_map(map);
    put(r.logits[i], head.logits(batch));
  }
  put(r.logits.back(), outputs[0]);
  r.at = done = end;
  return end < rows ? Result<bool>(false) : finish_received_part();
}

// What the plan makes of the part's rows behind compressed links. On select rows (cross-fitted, on train rows by the final heads, which
// knew them: only the loss by the links counts): if the limit no longer holds, links get the next
// finer encoding and rows travel again; on test rows: only told.
Result<bool> Augmenter::State::finish_received_part() {
  ReceivedRows& r = *receiving;
  const bool on_test = r.part == 2;
  Outcomes seen = on_test ? empty_outcomes(test(), double(costs.macs), classes) : outcomes;
  seen.end_predictions = row_predictions(r.logits.back());
  if (on_test) seen.candidates = outcomes.candidates;  // filled for exits before the links by finish_evaluation
  for (size_t i = 0; i < r.exits.size(); ++i) {
    ExitCandidate& candidate = seen.candidates[size_t(found.chosen.exits[r.exits[i]].candidate)];
    fill_rows(candidate, r.logits[i], heads[size_t(candidate.head)].head.temperature);
  }
  if (on_test) {
    for (size_t i = 0; i < r.exits.size(); ++i) received_exits.push_back(r.exits[i]);
    received = std::move(seen);
    receiving.reset();
    return true;
  }
  const PlanFigures before = evaluate_plan(outcomes, found.chosen.exits), after = evaluate_plan(seen, found.chosen.exits);
  const bool harm = options.search.rule == Rule::kHarm;
  const double lost = harm ? after.harm - before.harm : before.accuracy - after.accuracy;
  const double drop = harm ? before.harm : evaluate_plan(outcomes, {}).accuracy - before.accuracy;
  if (picked || drop + found.allowance + std::max(0.0, lost) <= options.search.max_drop + 1e-12 || lost <= 0) {
    found.chosen.figures = after;
    r.part = 2;
    prepare_received();
    return false;
  }
  for (Link& link : options.mapping.targets->links)
    if (link.encoding != Encoding::kF32) link.encoding = link.encoding == Encoding::kU8 ? Encoding::kF16 : Encoding::kF32;
  encodings_refined = true;
  OFFRAMP_TRY(mapping, best_mapping(found.chosen.exits, before));
  return begin_receiving();
}

Result<Mapping> Augmenter::State::best_mapping(const std::vector<PlannedExit>& exits, const PlanFigures& figures) const {
  return find_mapping(cut_points, mapped_exits(outcomes, head_memory, exits, figures), *options.mapping.targets, options.mapping.cost);
}

Status Augmenter::State::map_paper_plan() {
  auto best = best_mapping(paper.plan.exits, paper.plan.figures);
  if (best) paper_mapping = std::move(best).value();
  else if (best.error().code != ErrorCode::kInfeasible) return std::move(best).error();
  return {};
}

void Augmenter::State::add_mapping(Json& plan, const std::vector<PlannedExit>& exits, const PlanFigures& figures,
                                   const std::optional<Mapping>& placed) const {
  plan["mapped"] = nullptr;
  if (!placed) return;
  const Targets& targets = *options.mapping.targets;
  const auto mapped = mapped_exits(outcomes, head_memory, exits, figures);
  plan["mapping"] = stages_json(stage_mapping(exits, *placed).targets);
  plan["mapped"] = figures_json(evaluate_mapping(cut_points, mapped, targets, *placed), targets);
}

StageMapping Augmenter::State::stage_mapping(const std::vector<PlannedExit>& exits, const Mapping& placed) const {
  std::vector<int32_t> points;
  for (const PlannedExit& exit : exits) points.push_back(outcomes.candidates[size_t(exit.candidate)].exit_point + 1);
  return map_stages(points, placed, *options.mapping.targets, exit_points);
}

}  // namespace offramp
