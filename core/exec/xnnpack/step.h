// Steps: what a session does one after the other. Each is prepared for a batch size and bound to addresses separately,
// because addresses change with every run and shapes rarely.
#pragma once
#include <xnnpack.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "exec/reference/kernels.h"
#include "exec/xnnpack/status.h"

namespace offramp::xnnpack {

// Index of a buffer of the session: a value in one layout.
using BufferId = int32_t;

struct Operands {
  std::vector<const std::byte*> in;  // by the step's reads
  std::vector<std::byte*> out;       // by its writes
  std::byte* workspace = nullptr;

  const float* input(size_t i) const { return reinterpret_cast<const float*>(in[i]); }
  float* output(size_t i = 0) const { return reinterpret_cast<float*>(out[i]); }
};

class Step {
 public:
  virtual ~Step() = default;
  // Sets workspace_bytes. Errors: kUnsupported, kInternal if shapes are not what was inferred.
  virtual Status prepare(int64_t batch) = 0;
  virtual Status bind(const Operands& operands) = 0;
  virtual Status run() = 0;
  virtual const char* kernel() const = 0;  // "xnnpack", "own", "reference"

  std::vector<BufferId> reads, writes;
  // writes[0] may stand where reads[i] stood, if nothing reads that later: bit i.
  uint32_t may_replace = 0;
  size_t workspace_bytes = 0;
  std::string node, op;
  int64_t macs = 0;  // per sample
};

struct OperatorDeleter {
  void operator()(xnn_operator_t op) const { xnn_delete_operator(op); }
};
using Operator = std::unique_ptr<xnn_operator, OperatorDeleter>;

// `create` calls one of XNNPACK's xnn_create functions with the address it is given.
template <class Create>
Result<Operator> make_operator(Create create) {
  xnn_operator_t op = nullptr;
  OFFRAMP_RETURN_IF_ERROR(check(create(&op), "create an operator"));
  return Operator(op);
}

// An XNNPACK operator. `prepare` reshapes it for a batch size and tells its workspace, `bind` sets it up.
using PrepareOperator = std::function<xnn_status(xnn_operator_t, int64_t batch, size_t* workspace_bytes)>;
using BindOperator = std::function<xnn_status(xnn_operator_t, const Operands&)>;
std::unique_ptr<Step> operator_step(Operator op, PrepareOperator prepare, BindOperator bind);

// A kernel of our own.
using Kernel = std::function<void(int64_t batch, const Operands&)>;
std::unique_ptr<Step> kernel_step(Kernel kernel);

// A node by its reference kernel; `shapes` are those of the buffers it reads and writes, absent inputs left out.
struct TypedShape {
  DType dtype = DType::kF32;
  Shape shape;
};
std::unique_ptr<Step> reference_step(const Node& node, std::vector<TypedShape> reads, std::vector<TypedShape> writes);

}  // namespace offramp::xnnpack
