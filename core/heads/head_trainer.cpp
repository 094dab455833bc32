// Trains one head on pooled features that are in a table.
#include <algorithm>

#include "heads/heads.h"
#include "heads/learner.h"

namespace offramp {
namespace {

constexpr int64_t kStepMacs = 3'000'000'000;  // multiply-adds a step may cost: well under a second in wasm
constexpr int64_t kLeastHeldOut = 20;         // fewer rows say nothing about when to stop

std::vector<int32_t> all_rows(const FeatureTable& table) {
  std::vector<int32_t> rows(size_t(table.rows()));
  for (size_t r = 0; r < rows.size(); ++r) rows[r] = int32_t(r);
  return rows;
}

}  // namespace

struct HeadTrainer::State {
  const FeatureTable& table;
  TrainOptions options;
  FeatureReader reader;
  Rng rng;
  HeadLearner learner;
  std::vector<int32_t> train_rows, held_rows;
  std::vector<float> x, targets;
  BatchScratch scratch;
  int64_t batches = 0, batches_per_step = 0, batch = 0, epoch = 0;

  State(const HeadKind& kind, const FeatureTable& t, int64_t exit_point, int64_t classes, const TrainOptions& o, std::vector<int32_t> rows)
      : table(t), options(checked(o)), reader(t, exit_point, kind.pooling), rng(o.seed, stream_of(kind, exit_point)),
        learner(kind, {reader.columns(), kind.hidden, classes, {}}, options, reader.standardizer(rows), stream_of(kind, exit_point)) {
    OFFRAMP_CHECK(table.logits.elements() == table.rows() * classes);
    for (int32_t label : table.labels) OFFRAMP_CHECK(label >= 0 && label < classes);
    rng.shuffle(std::span<int32_t>(rows));
    const int64_t held = int64_t(rows.size()) / 10 >= kLeastHeldOut ? int64_t(rows.size()) / 10 : 0;
    held_rows.assign(rows.begin(), rows.begin() + held);
    train_rows.assign(rows.begin() + held, rows.end());
    std::sort(held_rows.begin(), held_rows.end());  // distinct numbers; read in memory order
    batches = (int64_t(train_rows.size()) + options.batch - 1) / options.batch;
    batches_per_step = std::clamp<int64_t>(kStepMacs / (3 * std::max<int64_t>(1, learner.macs()) * options.batch), 1, std::max<int64_t>(1, batches));
    if (batches == 0) epoch = options.epochs;
  }

  static uint64_t stream_of(const HeadKind& kind, int64_t exit_point) {
    return uint64_t(exit_point) * 16 + uint64_t(kind.pooling) * 2 + (kind.hidden > 0);
  }
  static TrainOptions checked(TrainOptions options) {
    options.distillation = std::clamp(options.distillation, 0.0f, 1.0f);
    options.batch = std::clamp(options.batch, 1, 4096);
    options.epochs = std::clamp(options.epochs, 0, 10000);
    return options;
  }

  void load(std::span<const int32_t> rows) {
    const int64_t classes = learner.classes(), columns = reader.columns();
    x.resize(rows.size() * size_t(columns));
    std::vector<int32_t> labels(rows.size());
    std::vector<float> teacher(rows.size() * size_t(classes));
    const float* logits = table.logits.data<float>().data();
    for (size_t i = 0; i < rows.size(); ++i) {
      reader.read(rows[i], x.data() + i * size_t(columns));
      labels[i] = table.labels[size_t(rows[i])];
      std::copy_n(logits + int64_t(rows[i]) * classes, classes, teacher.begin() + int64_t(i) * classes);
    }
    targets = soft_targets(labels, teacher, classes, options);
  }

  void train_batch() {
    const int64_t first = batch * options.batch;
    const int64_t count = std::min<int64_t>(options.batch, int64_t(train_rows.size()) - first);
    load(std::span<const int32_t>(train_rows).subspan(size_t(first), size_t(count)));
    learner.train(x, targets.data(), count, double(epoch * batches + batch) / double(options.epochs * batches), scratch);
  }

  void end_epoch() {
    batch = 0;
    ++epoch;
    if (held_rows.empty()) return;
    double loss = 0;
    for (size_t first = 0; first < held_rows.size(); first += 256) {
      const size_t count = std::min<size_t>(256, held_rows.size() - first);
      load(std::span<const int32_t>(held_rows).subspan(first, count));
      loss += learner.loss(x, targets.data(), int64_t(count), scratch);
    }
    learner.keep_if_best(loss);
  }
};

HeadTrainer::HeadTrainer(const HeadKind& kind, const FeatureTable& table, int64_t exit_point, int64_t classes,
                         const TrainOptions& options, std::vector<int32_t> rows)
    : state_(std::make_unique<State>(kind, table, exit_point, classes, options, rows.empty() ? all_rows(table) : std::move(rows))) {}
HeadTrainer::~HeadTrainer() = default;

int64_t HeadTrainer::total_steps() const {
  const State& s = *state_;
  return s.batches == 0 ? 0 : s.options.epochs * ((s.batches + s.batches_per_step - 1) / s.batches_per_step);
}

bool HeadTrainer::done() const { return state_->epoch >= state_->options.epochs; }

void HeadTrainer::step() {
  State& s = *state_;
  if (done()) return;
  if (s.batch == 0) s.rng.shuffle(std::span<int32_t>(s.train_rows));
  for (int64_t i = 0; i < s.batches_per_step && s.batch < s.batches; ++i, ++s.batch) s.train_batch();
  if (s.batch == s.batches) s.end_epoch();
}

Head HeadTrainer::take() {
  OFFRAMP_CHECK(done());
  return state_->learner.take();
}

}  // namespace offramp
