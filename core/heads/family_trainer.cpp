#include "heads/family_trainer.h"

#include <algorithm>
#include <cmath>

#include "exec/threads.h"
#include "heads/learner.h"

namespace offramp {
namespace {

constexpr int64_t kMomentRows = 512;      // that standardisation is measured on
constexpr int64_t kMostStopChecks = 24;   // epochs after which the held-out loss is measured

// The values of a batch that a kind reads, and how many a row has.
struct Values {
  const float* data;
  int64_t stride, count;
};
Values values_of(const PointBatch& batch, const HeadKind& kind) {
  const Tensor& from = !kind.body.empty() ? batch.map : kind.pooling == Pooling::kGrid ? batch.grid : batch.gap_gmp;
  const int64_t rows = from.dims()[0], stride = rows > 0 ? from.elements() / rows : 0;
  return {from.data<float>().data(), stride, kind.pooling == Pooling::kGap ? stride / 2 : stride};
}

std::vector<float> gather(const Values& values, std::span<const int32_t> rows) {
  std::vector<float> x(rows.size() * size_t(values.count));
  for (size_t i = 0; i < rows.size(); ++i)
    std::copy_n(values.data + rows[i] * values.stride, values.count, x.begin() + int64_t(i) * values.count);
  return x;
}

std::vector<float> gather_rows(std::span<const float> matrix, int64_t columns, std::span<const int32_t> rows) {
  return gather({matrix.data(), columns, columns}, rows);
}

// Per column or channel. A map keeps its mean, since zero must stay zero where its convolution pads.
Standardizer measure(const Values& values, int64_t rows, int64_t columns, bool is_map) {
  const auto width = size_t(columns);
  std::vector<double> mean(width), variance(width);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t i = 0; i < values.count; ++i) {
      const double v = values.data[r * values.stride + i];
      mean[size_t(i % columns)] += v;
      variance[size_t(i % columns)] += v * v;
    }
  const double count = double(rows) * double(values.count) / double(columns);
  for (size_t c = 0; c < width; ++c) {
    mean[c] = is_map ? 0 : mean[c] / count;
    variance[c] = variance[c] / count - mean[c] * mean[c];
  }
  return Standardizer::of_moments(mean, variance, is_map ? 0.1 : 0.02);
}

}  // namespace

struct FamilyTrainer::State {
  ViewReader views;
  std::span<const int32_t> labels;
  std::span<const float> teacher;
  std::span<const uint8_t> folds;
  std::vector<Dims> shapes;
  std::vector<FamilyJob> jobs;
  TrainOptions options;
  int64_t classes = 0;

  Rng rng;
  std::vector<int32_t> order;       // rows of the epoch, shuffled
  std::vector<int32_t> held_rows;   // that any job stops by
  std::vector<std::unique_ptr<HeadLearner>> learners;
  std::vector<std::vector<size_t>> lanes;  // job numbers, by thread
  std::vector<BatchScratch> scratch;       // by thread
  std::vector<double> held_loss;           // by job
  int64_t batches = 0, held_batches = 0, check_every = 1, epoch = 0, batch = 0;

  State(ViewReader v, std::span<const int32_t> l, std::span<const float> t, std::span<const uint8_t> f, std::vector<Dims> s,
        std::vector<FamilyJob> j, const TrainOptions& o)
      : views(std::move(v)), labels(l), teacher(t), folds(f), shapes(std::move(s)), jobs(std::move(j)), options(o), rng(o.seed, 7) {
    OFFRAMP_CHECK(!labels.empty() && folds.size() == labels.size() && teacher.size() % labels.size() == 0);
    classes = int64_t(teacher.size() / labels.size());
    FoldMask stop = 0, used = 0;
    for (const FamilyJob& job : jobs) {
      stop |= job.stop;
      used |= ~job.held;
    }
    for (size_t r = 0; r < labels.size(); ++r) {
      if (used >> folds[r] & 1) order.push_back(int32_t(r));
      if (stop >> folds[r] & 1) held_rows.push_back(int32_t(r));
    }
    batches = (int64_t(order.size()) + options.batch - 1) / options.batch;
    held_batches = (int64_t(held_rows.size()) + options.batch - 1) / options.batch;
    check_every = std::max<int64_t>(1, (options.epochs + kMostStopChecks - 1) / kMostStopChecks);
    held_loss.resize(jobs.size());
  }

  bool checks_after(int64_t number) const { return held_batches > 0 && ((options.epochs - 1 - number) % check_every == 0); }

  Status begin() {
    std::vector<int32_t> some;
    const auto count = std::min<int64_t>(kMomentRows, int64_t(order.size()));
    for (int64_t i = 0; i < count; ++i) some.push_back(order[size_t(i * int64_t(order.size()) / count)]);
    OFFRAMP_TRY(const ViewBatch sample, views(some, 0));
    for (size_t j = 0; j < jobs.size(); ++j) {
      const FamilyJob& job = jobs[j];
      NetworkShape network = network_of(job.kind, shapes[size_t(job.point)], classes);
      const Values values = values_of(sample.points[size_t(job.point)], job.kind);
      const int64_t columns = network.body.empty() ? network.inputs : network.body[0].channels;
      learners.push_back(std::make_unique<HeadLearner>(job.kind, std::move(network), options,
                                                       measure(values, count, columns, !job.kind.body.empty()), uint64_t(j) + 8));
    }
    // The dearest first, each to the lane with the least work so far.
    std::vector<size_t> by_cost(jobs.size());
    for (size_t j = 0; j < jobs.size(); ++j) by_cost[j] = j;
    std::stable_sort(by_cost.begin(), by_cost.end(), [&](size_t a, size_t b) { return learners[a]->macs() > learners[b]->macs(); });
    const auto count_lanes = std::clamp<size_t>(size_t(thread_count()), 1, std::max<size_t>(1, jobs.size()));
    lanes.resize(count_lanes);
    scratch.resize(count_lanes);
    std::vector<int64_t> load(count_lanes);
    for (size_t j : by_cost) {
      const auto lane = size_t(std::min_element(load.begin(), load.end()) - load.begin());
      lanes[lane].push_back(j);
      load[lane] += learners[j]->macs() + 1;
    }
    return {};
  }

  // Calls work(job, positions in `rows`, x, targets, scratch) for every job and those of the rows that are in its mask.
  template <class Work>
  Status for_each_job(std::span<const int32_t> rows, int64_t view, const std::function<FoldMask(const FamilyJob&)>& mask, const Work& work) {
    OFFRAMP_TRY(const ViewBatch batch_views, views(rows, view));
    std::vector<int32_t> row_labels;
    for (int32_t r : rows) row_labels.push_back(labels[size_t(r)]);
    std::vector<float> logits(rows.size() * size_t(classes));
    if (batch_views.logits.elements() > 0) {
      const auto own = batch_views.logits.data<float>();
      logits.assign(own.begin(), own.end());
    } else {
      logits = gather_rows(teacher, classes, rows);
    }
    std::vector<int32_t> partner_labels;
    for (int32_t r : batch_views.partners) partner_labels.push_back(labels[size_t(r)]);
    const std::vector<float> targets = soft_targets(row_labels, logits, classes, options, partner_labels, batch_views.shares);
    in_parallel(lanes.size(), [&](size_t lane) {
      std::vector<int32_t> mine;
      for (size_t j : lanes[lane]) {
        mine.clear();
        const FoldMask wanted = mask(jobs[j]);
        for (size_t i = 0; i < rows.size(); ++i)
          if (wanted >> folds[size_t(rows[i])] & 1) mine.push_back(int32_t(i));
        if (mine.empty()) continue;
        const std::vector<float> own_targets = gather_rows(targets, classes, mine);
        work(j, gather(values_of(batch_views.points[size_t(jobs[j].point)], jobs[j].kind), mine), own_targets.data(), int64_t(mine.size()), scratch[lane]);
      }
    });
    return {};
  }

  std::span<const int32_t> piece(const std::vector<int32_t>& rows, int64_t number) const {
    const auto first = size_t(number * options.batch);
    return std::span(rows).subspan(first, std::min(size_t(options.batch), rows.size() - first));
  }

  Status train_batch() {
    const double progress = double(epoch * batches + batch) / double(options.epochs * batches);
    return for_each_job(piece(order, batch), epoch, [](const FamilyJob& job) { return ~job.held; },
                        [&](size_t j, std::vector<float> x, const float* targets, int64_t rows, BatchScratch& buffers) {
                          if (rows > 1) learners[j]->train(std::move(x), targets, rows, progress, buffers);
                        });
  }

  Status check_batch(int64_t number) {
    return for_each_job(piece(held_rows, number), 0, [](const FamilyJob& job) { return job.stop; },
                        [&](size_t j, std::vector<float> x, const float* targets, int64_t rows, BatchScratch& buffers) {
                          held_loss[j] += learners[j]->loss(std::move(x), targets, rows, buffers);
                        });
  }

  void end_epoch() {
    for (size_t j = 0; j < jobs.size(); ++j)
      if (jobs[j].stop && checks_after(epoch)) learners[j]->keep_if_best(held_loss[j]);
    std::fill(held_loss.begin(), held_loss.end(), 0.0);
    batch = 0;
    ++epoch;
  }
};

FamilyTrainer::FamilyTrainer(ViewReader views, std::span<const int32_t> labels, std::span<const float> teacher, std::span<const uint8_t> folds,
                             std::vector<Dims> shapes, std::vector<FamilyJob> jobs, const TrainOptions& options)
    : state_(std::make_unique<State>(std::move(views), labels, teacher, folds, std::move(shapes), std::move(jobs), options)) {}
FamilyTrainer::~FamilyTrainer() = default;

int64_t FamilyTrainer::total_steps() const {
  const State& s = *state_;
  int64_t checks = 0;
  for (int64_t e = 0; e < s.options.epochs; ++e) checks += s.checks_after(e);
  return s.options.epochs * s.batches + checks * s.held_batches;
}

bool FamilyTrainer::done() const { return state_->epoch >= state_->options.epochs; }

Status FamilyTrainer::step() {
  State& s = *state_;
  if (done()) return {};
  if (s.learners.empty()) OFFRAMP_RETURN_IF_ERROR(s.begin());
  if (s.batch == 0) s.rng.shuffle(std::span<int32_t>(s.order));
  OFFRAMP_RETURN_IF_ERROR(s.batch < s.batches ? s.train_batch() : s.check_batch(s.batch - s.batches));
  ++s.batch;
  if (s.batch == s.batches + (s.checks_after(s.epoch) ? s.held_batches : 0)) s.end_epoch();
  return {};
}

Status FamilyTrainer::archive(Archive& a) {
  State& s = *state_;
  bool begun = !s.learners.empty();
  a.flag("begun", begun);
  if (!begun || !a.ok()) return {};
  const std::vector<int32_t> rows = s.order;  // read before the first shuffle: in order
  if (a.reading()) OFFRAMP_RETURN_IF_ERROR(s.begin());
  s.rng.archive(a);
  a.number("epoch", s.epoch, 0, s.options.epochs - 1);
  a.number("batch", s.batch, 0, s.batches + (s.checks_after(s.epoch) ? s.held_batches : 0) - 1);
  a.fixed("order", s.order);
  std::vector<int32_t> seen = s.order;
  std::sort(seen.begin(), seen.end());
  if (a.reading() && seen != rows) a.refuse("order: not the rows in another order");
  a.fixed("held-out losses", s.held_loss);
  for (size_t j = 0; j < s.jobs.size(); ++j) {
    const Archive::Frame frame(a, "head", j);
    s.learners[j]->archive(a);
  }
  return {};
}

std::vector<Head> FamilyTrainer::take() {
  OFFRAMP_CHECK(done());
  std::vector<Head> heads;
  for (const auto& learner : state_->learners) heads.push_back(learner->take());
  return heads;
}

}  // namespace offramp
