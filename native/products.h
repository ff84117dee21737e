// The libraries that multiply matrices beside ATen, and the clock on every product. Used by matmul.cc alone, but for the
// clock.
#pragma once
#include "isogloss.h"

#include <chrono>

namespace isogloss {

// onednn.cc: oneDNN's fp32 inner product x W^T; two-dimensional, not empty.
bool has_onednn_linear();
Tensor onednn_linear(const Tensor& x, const Tensor& weight);

// openblas.cc: a b, fp32, two-dimensional; either may be a transpose.
bool has_openblas();
Tensor openblas_product(const Tensor& a, const Tensor& b);
// into = beta * into + a b; false where the strides are not a matrix's of BLAS.
bool openblas_into(const Tensor& into, const Tensor& a, const Tensor& b, float beta);

// Counts the time from its making to its end, and so many floating-point operations, as spent in products.
class ProductTimer {
 public:
  explicit ProductTimer(double flops);
  ~ProductTimer();

 private:
  double flops_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace isogloss
