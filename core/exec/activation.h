// A value on its way from one session into another. Its bytes stay in the layout of the kernels that made it, so that a
// stage hands its boundary tensor to the next without a copy.
#pragma once
#include "base/tensor.h"

namespace offramp {

// How the elements of a value stand in memory. A map [N, C, H, W] in kNhwc is [N, H, W, C], a signal [N, C, L] is
// [N, L, C].
enum class Layout { kPlain, kNhwc };

// Only maps and signals have an NHWC form.
inline bool has_nhwc_form(size_t rank) { return rank == 3 || rank == 4; }
// Shapes: plain [N, C, ...] -> the same elements as [N, ..., C], and back. Precondition: f32, has_nhwc_form.
Tensor to_nhwc(const Tensor& plain);
Tensor from_nhwc(const Tensor& nhwc);

class Activation {
 public:
  Activation(Tensor tensor, Layout layout = Layout::kPlain) : tensor_(std::move(tensor)), layout_(layout) {}

  Layout layout() const { return layout_; }
  DType dtype() const { return tensor_.dtype(); }
  // Of the plain form, whatever the layout.
  Dims dims() const;
  // The elements as they stand, with the dims of that layout.
  const Tensor& stored() const { return tensor_; }
  Tensor plain() const { return layout_ == Layout::kNhwc ? from_nhwc(tensor_) : tensor_; }

 private:
  Tensor tensor_;
  Layout layout_ = Layout::kPlain;
};

}  // namespace offramp
