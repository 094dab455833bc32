// The XNNPACK backend's session: steps over one planned block of memory.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "exec/fusion.h"
#include "exec/plan.h"
#include "exec/xnnpack/compiler.h"
#include "exec/xnnpack/memory_plan.h"
#include "exec/xnnpack/status.h"
#include "exec/xnnpack/thread_pool.h"

namespace offramp::xnnpack {
namespace {

struct FreeBlock {
  void operator()(std::byte* memory) const { std::free(memory); }
};

class XnnpackSession : public Session {
 public:
  XnnpackSession(Graph graph, std::shared_ptr<PackedWeights> weights)
      : graph_(std::move(graph)), weights_(std::move(weights)) {}

  Status compile(const SessionOptions& options) {
    Compiler compiler(graph_, *weights_, options.takes_over, options.hands_over);
    OFFRAMP_RETURN_IF_ERROR(compiler.compile());
    buffers_ = std::move(compiler.buffers);
    steps_ = std::move(compiler.steps);
    inputs_ = std::move(compiler.inputs);
    outputs_ = std::move(compiler.outputs);
    addresses_.assign(buffers_.size(), nullptr);
    total_ns_.assign(steps_.size(), 0);
    for (size_t b = 0; b < buffers_.size(); ++b)
      if (buffers_[b].kind == Buffer::Kind::kConstant)
        addresses_[b] = const_cast<std::byte*>(std::as_const(buffers_[b].constant).raw());  // only read
    share_storage();
    for (size_t s = 0; s < steps_.size(); ++s)
      if (touches_outside(*steps_[s])) rebound_.push_back(s);
    return {};
  }

  Result<std::vector<Activation>> run_activations(std::span<const Activation> given) override {
    const ThreadPoolScope threads(pool_);
    OFFRAMP_TRY(const int64_t batch, check_inputs(graph_, given));
    if (batch != batch_) OFFRAMP_RETURN_IF_ERROR(prepare(batch));
    std::vector<Tensor> inputs;  // in the layouts that the steps read
    for (size_t i = 0; i < given.size(); ++i) {
      inputs.push_back(given[i].layout() == inputs_[i].layout ? given[i].stored()
                       : inputs_[i].layout == Layout::kNhwc   ? to_nhwc(given[i].plain())
                                                              : given[i].plain());
      addresses_[size_t(inputs_[i].buffer)] = const_cast<std::byte*>(std::as_const(inputs[i]).raw());  // only read
    }
    std::vector<Activation> outputs;
    for (const Compiler::Port& port : outputs_) {
      const TypedShape& stored = buffers_[size_t(port.buffer)].stored;
      OFFRAMP_TRY(Tensor tensor, Tensor::create(stored.dtype, offramp::bind(stored.shape, batch)));
      addresses_[size_t(port.buffer)] = tensor.mutable_raw();
      outputs.emplace_back(std::move(tensor), port.layout);
    }
    for (size_t s : rebound_) OFFRAMP_RETURN_IF_ERROR(bind(s));
    for (size_t s = 0; s < steps_.size(); ++s) {
      const double start = clock_ ? clock_() : 0;
      OFFRAMP_RETURN_IF_ERROR(steps_[s]->run());
      executed_macs_ += steps_[s]->macs * batch;
      if (clock_) total_ns_[s] += clock_() - start;
    }
    return outputs;
  }

  void set_clock(Clock clock) override {
    clock_ = std::move(clock);
    total_ns_.assign(steps_.size(), 0);
  }

  std::vector<StepProfile> profile() const override {
    std::vector<StepProfile> profiles;
    for (size_t s = 0; s < steps_.size(); ++s)
      profiles.push_back({steps_[s]->node, steps_[s]->op, steps_[s]->kernel(), steps_[s]->macs, total_ns_[s]});
    return profiles;
  }

  SessionMemory memory() const override {
    SessionMemory memory = {weights_->bytes(), arena_bytes_};
    for (const Buffer& buffer : buffers_) memory.weight_bytes += buffer.constant.bytes();
    return memory;
  }

 private:
  bool is_computed(BufferId id) const { return buffers_[size_t(id)].kind == Buffer::Kind::kComputed; }

  bool touches_outside(const Step& step) const {
    const auto outside = [this](BufferId id) {
      const Buffer::Kind kind = buffers_[size_t(id)].kind;
      return kind == Buffer::Kind::kInput || kind == Buffer::Kind::kOutput;
    };
    return std::any_of(step.reads.begin(), step.reads.end(), outside) ||
           std::any_of(step.writes.begin(), step.writes.end(), outside);
  }

  // Lets a step write over what it is the last to read, where it can.
  void share_storage() {
    storage_.resize(buffers_.size());
    std::vector<size_t> last_read(buffers_.size(), 0);
    for (size_t b = 0; b < buffers_.size(); ++b) storage_[b] = BufferId(b);
    for (size_t s = 0; s < steps_.size(); ++s)
      for (BufferId id : steps_[s]->reads) last_read[size_t(id)] = s;
    for (size_t s = 0; s < steps_.size(); ++s) {
      const Step& step = *steps_[s];
      for (size_t i = 0; i < step.reads.size() && i < 32; ++i) {
        const BufferId from = step.reads[i], to = step.writes[0];
        if (!(step.may_replace >> i & 1) || !is_computed(from) || !is_computed(to)) continue;
        // Storage taken over before lives on in `from`, whose own last read this is.
        if (last_read[size_t(from)] != s || std::count(step.reads.begin(), step.reads.end(), from) > 1) continue;
        storage_[size_t(to)] = storage_[size_t(from)];
        break;
      }
    }
  }

  size_t bytes_of(BufferId id, int64_t batch) const {
    const TypedShape& stored = buffers_[size_t(id)].stored;
    return size_t(element_count(offramp::bind(stored.shape, batch))) * byte_size(stored.dtype);
  }

  Status prepare(int64_t batch) {
    batch_ = 0;
    for (const Buffer& buffer : buffers_) {
      const auto count = checked_element_count(offramp::bind(buffer.stored.shape, batch));
      if (!count) return count.error();
    }
    for (auto& step : steps_) OFFRAMP_RETURN_IF_ERROR(step->prepare(batch));
    std::vector<Lifetime> lifetimes;
    std::vector<int32_t> slots(buffers_.size(), -1);  // by storage: index into lifetimes
    for (size_t s = 0; s < steps_.size(); ++s) {
      for (const auto* list : {&steps_[s]->writes, &steps_[s]->reads})
        for (BufferId id : *list) {
          if (!is_computed(id)) continue;
          int32_t& slot = slots[size_t(storage_[size_t(id)])];
          if (slot < 0) {
            slot = int32_t(lifetimes.size());
            lifetimes.push_back({0, s, s});
          }
          lifetimes[size_t(slot)].last = s;
          lifetimes[size_t(slot)].bytes = std::max(lifetimes[size_t(slot)].bytes, bytes_of(id, batch));
        }
    }
    const size_t values = lifetimes.size();
    for (size_t s = 0; s < steps_.size(); ++s) lifetimes.push_back({steps_[s]->workspace_bytes, s, s});
    const MemoryPlan plan = plan_memory(lifetimes, XNN_EXTRA_BYTES);
    OFFRAMP_RETURN_IF_ERROR(reserve(plan.bytes));
    for (size_t b = 0; b < buffers_.size(); ++b)
      if (is_computed(BufferId(b)) && slots[size_t(storage_[b])] >= 0)
        addresses_[b] = arena_.get() + plan.offsets[size_t(slots[size_t(storage_[b])])];
    workspaces_.clear();
    for (size_t s = 0; s < steps_.size(); ++s) workspaces_.push_back(arena_.get() + plan.offsets[values + s]);
    for (size_t s = 0; s < steps_.size(); ++s)
      if (!std::binary_search(rebound_.begin(), rebound_.end(), s)) OFFRAMP_RETURN_IF_ERROR(bind(s));
    batch_ = batch;
    return {};
  }

  Status reserve(size_t bytes) {
    if (bytes == arena_bytes_) return {};
    arena_.reset();
    arena_bytes_ = 0;
    arena_.reset(static_cast<std::byte*>(std::aligned_alloc(kPlanAlignment, std::max(bytes, kPlanAlignment))));
    if (!arena_) return limit_exceeded("no memory for " + std::to_string(bytes) + " bytes of activations");
    // Kernels read a little past the end of a value, and must not read what was never written.
    std::memset(arena_.get(), 0, bytes);
    arena_bytes_ = bytes;
    return {};
  }

  Status bind(size_t s) {
    Operands operands;
    for (BufferId id : steps_[s]->reads) operands.in.push_back(addresses_[size_t(id)]);
    for (BufferId id : steps_[s]->writes) operands.out.push_back(addresses_[size_t(id)]);
    operands.workspace = workspaces_[s];
    return steps_[s]->bind(operands);
  }

  const pthreadpool_t pool_ = thread_pool();
  Graph graph_;  // without constants: shapes, and nodes that reference steps run
  std::shared_ptr<PackedWeights> weights_;
  std::vector<Buffer> buffers_;
  std::vector<BufferId> storage_;  // by buffer: the one whose memory it uses
  std::vector<std::byte*> addresses_;
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<std::byte*> workspaces_;  // by step
  std::vector<size_t> rebound_;         // steps that touch inputs or outputs, ascending
  std::vector<Compiler::Port> inputs_, outputs_;
  std::unique_ptr<std::byte, FreeBlock> arena_;
  size_t arena_bytes_ = 0;
  int64_t batch_ = 0;  // that steps and arena are prepared for
  Clock clock_;
  std::vector<double> total_ns_;
};

}  // namespace
}  // namespace offramp::xnnpack

namespace offramp {

Result<std::unique_ptr<Session>> make_xnnpack_session(Graph graph, const SessionOptions& options) {
  OFFRAMP_RETURN_IF_ERROR(xnnpack::initialize());
  fuse_gelu(graph);
  fuse_hard_swish(graph);
  fuse_layer_normalization(graph);
  auto session = std::make_unique<xnnpack::XnnpackSession>(
      std::move(graph), options.weights ? options.weights : make_packed_weights());
  OFFRAMP_RETURN_IF_ERROR(session->compile(options));
  return std::unique_ptr<Session>(std::move(session));
}

}  // namespace offramp
