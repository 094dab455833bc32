// Trains one head by mini-batch Adam on standardised features, then folds the standardisation into the first layer.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/math.h"
#include "heads/heads.h"
#include "heads/training.h"

namespace offramp {
namespace {

constexpr int64_t kStepMacs = 3'000'000'000;  // multiply-adds a step may cost: well under a second in wasm
constexpr int64_t kLeastHeldOut = 20;         // fewer rows say nothing about when to stop

typedef float V4 __attribute__((vector_size(16)));
typedef int32_t I4 __attribute__((vector_size(16)));

// 1 / sqrt(x) for positive x, relative error below 5e-6: the same bits on every host, and in lanes.
V4 inverse_sqrt(V4 x) {
  const V4 half = x * 0.5f;
  V4 y = std::bit_cast<V4>(0x5f375a86 - (std::bit_cast<I4>(x) >> 1));
  y = y * (1.5f - half * y * y);
  y = y * (1.5f - half * y * y);
  return y;
}

// Cosine of pi * x for x in [0, 1], by its Taylor series around 1/2: no libm.
double cosine_pi(double x) {
  const double t = 3.14159265358979323846 * (0.5 - x);
  const double s = t * t;
  return t * (1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72 * (1 - s / 110)))));
}

// Adam (Kingma & Ba 2015) with L2 on weights, not on biases.
struct Adam {
  std::vector<V4> momentum, square;  // padded to whole lanes
  double beta1_power = 1, beta2_power = 1;

  explicit Adam(int64_t parameters) : momentum(size_t((parameters + 3) / 4)), square(momentum.size()) {}

  void update(std::span<float> parameters, std::span<const float> gradient, float rate) {
    constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-16f;
    beta1_power *= kBeta1;
    beta2_power *= kBeta2;
    const float unbias = float(1.0 / (1.0 - beta2_power));
    const float step = rate * float(1.0 / (1.0 - beta1_power));
    for (size_t lane = 0; lane < momentum.size(); ++lane) {
      const size_t at = lane * 4, live = std::min<size_t>(4, parameters.size() - at);
      V4 g{}, p{};
      std::memcpy(&g, gradient.data() + at, live * sizeof(float));
      std::memcpy(&p, parameters.data() + at, live * sizeof(float));
      momentum[lane] = momentum[lane] * kBeta1 + g * (1 - kBeta1);
      square[lane] = square[lane] * kBeta2 + g * g * (1 - kBeta2);
      p -= step * momentum[lane] * inverse_sqrt(square[lane] * unbias + kEpsilon);
      std::memcpy(parameters.data() + at, &p, live * sizeof(float));
    }
  }
};

}  // namespace

struct HeadTrainer::State {
  HeadKind kind;
  const FeatureTable& table;
  TrainOptions options;
  NetworkShape shape;
  FeatureReader reader;
  Rng rng;
  std::vector<int32_t> train_rows, held_rows;
  Standardizer standard;
  std::vector<float> parameters, best, gradient, x, targets;
  double best_loss = 0;
  Adam adam;
  BatchScratch scratch;
  int64_t batches = 0, batches_per_step = 0, batch = 0, epoch = 0;

  State(const HeadKind& k, const FeatureTable& t, int64_t exit_point, int64_t classes, const TrainOptions& o)
      : kind(k), table(t), options(o), shape{0, k.hidden, classes}, reader(t, exit_point, k.pooling),
        rng(o.seed, uint64_t(exit_point) * 16 + uint64_t(k.pooling) * 2 + (k.hidden > 0)),
        adam((shape.inputs = reader.columns(), shape.parameters())) {
    OFFRAMP_CHECK(table.logits.elements() == table.rows() * classes);
    for (int32_t label : table.labels) OFFRAMP_CHECK(label >= 0 && label < classes);
    options.distillation = std::clamp(options.distillation, 0.0f, 1.0f);
    options.batch = std::clamp(options.batch, 1, 4096);
    options.epochs = std::clamp(options.epochs, 0, 10000);
    split_rows();
    initialise();
    const int64_t row_macs = 2 * std::max<int64_t>(1, shape.parameters());
    batches = (int64_t(train_rows.size()) + options.batch - 1) / options.batch;
    batches_per_step = std::max<int64_t>(1, kStepMacs / (row_macs * options.batch));
    if (batches_per_step > batches) batches_per_step = std::max<int64_t>(1, batches);
    if (batches == 0) epoch = options.epochs;
  }

  void split_rows() {
    std::vector<int32_t> rows(size_t(table.rows()));
    for (size_t r = 0; r < rows.size(); ++r) rows[r] = int32_t(r);
    standard = reader.standardizer(rows);
    rng.shuffle(std::span<int32_t>(rows));
    const int64_t held = int64_t(rows.size()) / 10 >= kLeastHeldOut ? int64_t(rows.size()) / 10 : 0;
    held_rows.assign(rows.begin(), rows.begin() + held);
    train_rows.assign(rows.begin() + held, rows.end());
    std::sort(held_rows.begin(), held_rows.end());  // distinct numbers; read in memory order
  }

  // He initialisation for the hidden layer; the last layer starts at zero, that is at equal probabilities.
  void initialise() {
    parameters.assign(size_t(shape.parameters()), 0.0f);
    gradient.resize(parameters.size());
    if (shape.hidden == 0) return;
    const float spread = std::sqrt(2.0f / float(std::max<int64_t>(1, shape.inputs)));
    for (int64_t i = 0; i < shape.b1(); ++i) parameters[size_t(i)] = rng.normal() * spread;
    const float small = std::sqrt(1.0f / float(shape.hidden));
    for (int64_t i = shape.w2(); i < shape.b2(); ++i) parameters[size_t(i)] = rng.normal() * small;
  }

  void load(std::span<const int32_t> rows) {
    const int64_t classes = shape.classes;
    x.resize(rows.size() * size_t(shape.inputs));
    targets.assign(rows.size() * size_t(classes), 0.0f);
    const float* logits = table.logits.data<float>().data();
    const float soft = options.distillation;
    for (size_t i = 0; i < rows.size(); ++i) {
      float* row = x.data() + i * size_t(shape.inputs);
      reader.read(rows[i], row);
      standard.apply(row);
      float* target = targets.data() + i * size_t(classes);
      if (soft > 0) {
        const float* teacher = logits + int64_t(rows[i]) * classes;
        const float largest = *std::max_element(teacher, teacher + classes);
        float total = 0;
        for (int64_t c = 0; c < classes; ++c) total += target[c] = exp_exact(teacher[c] - largest);
        for (int64_t c = 0; c < classes; ++c) target[c] *= soft / total;
      }
      target[table.labels[size_t(rows[i])]] += 1.0f - soft;
    }
  }

  void train_batch() {
    const int64_t first = batch * options.batch;
    const int64_t count = std::min<int64_t>(options.batch, int64_t(train_rows.size()) - first);
    load(std::span<const int32_t>(train_rows).subspan(size_t(first), size_t(count)));
    batch_loss(shape, parameters, x.data(), targets.data(), count, gradient, scratch);
    const float decay = options.weight_decay;
    for (int64_t i = 0; i < shape.b1(); ++i) gradient[size_t(i)] += decay * parameters[size_t(i)];
    for (int64_t i = shape.w2(); i < shape.b2(); ++i) gradient[size_t(i)] += decay * parameters[size_t(i)];
    const double progress = double(epoch * batches + batch) / double(options.epochs * batches);
    adam.update(parameters, gradient, options.learning_rate * float(0.5 + 0.5 * cosine_pi(progress)));
  }

  void end_epoch() {
    batch = 0;
    ++epoch;
    if (held_rows.empty()) {
      best = parameters;
      return;
    }
    double loss = 0;
    for (size_t first = 0; first < held_rows.size(); first += 256) {
      const size_t count = std::min<size_t>(256, held_rows.size() - first);
      load(std::span<const int32_t>(held_rows).subspan(first, count));
      loss += double(count) * batch_loss(shape, parameters, x.data(), targets.data(), int64_t(count), {}, scratch);
    }
    if (best.empty() || loss < best_loss) {
      best_loss = loss;
      best = parameters;
    }
  }
};

HeadTrainer::HeadTrainer(const HeadKind& kind, const FeatureTable& table, int64_t exit_point, int64_t classes,
                         const TrainOptions& options)
    : state_(std::make_unique<State>(kind, table, exit_point, classes, options)) {}
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
  const State& s = *state_;
  const NetworkShape& shape = s.shape;
  const std::vector<float>& p = s.best.empty() ? s.parameters : s.best;
  Head head;
  head.kind = s.kind;
  head.inputs = shape.inputs;
  head.classes = shape.classes;
  const int64_t width = shape.width();
  head.w1.resize(size_t(shape.inputs * width));
  head.b1.assign(p.begin() + shape.b1(), p.begin() + shape.w2());
  for (int64_t o = 0; o < width; ++o) {
    double bias = head.b1[size_t(o)];
    for (int64_t f = 0; f < shape.inputs; ++f) {
      const float weight = p[size_t(f * width + o)] * s.standard.scale[size_t(f)];
      head.w1[size_t(o * shape.inputs + f)] = weight;
      bias -= double(weight) * s.standard.mean[size_t(f)];
    }
    head.b1[size_t(o)] = float(bias);
  }
  if (shape.hidden > 0) {
    head.w2.resize(size_t(shape.hidden * shape.classes));
    for (int64_t h = 0; h < shape.hidden; ++h)
      for (int64_t c = 0; c < shape.classes; ++c)
        head.w2[size_t(c * shape.hidden + h)] = p[size_t(shape.w2() + h * shape.classes + c)];
    head.b2.assign(p.begin() + shape.b2(), p.end());
  }
  return head;
}

}  // namespace offramp
