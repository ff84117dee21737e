// x W^T for a handful of rows of x, as in generation: the time is that of reading W once, so W is read as it is stored
// (fp32 or bf16, widened in registers) and never copied.
#include "isogloss.h"

namespace isogloss {
namespace {

constexpr int64_t kRows = 4;  // rows of x that share one reading of W

VECTOR_CLONES void rows_float(const float* x, const float* w, float* y, int64_t k, int64_t rows, int64_t x_stride, int64_t y_stride) {
  float sums[kRows] = {};
  for (int64_t r = 0; r < rows; ++r) {
    const float* xr = x + r * x_stride;
    float s = 0;
    for (int64_t j = 0; j < k; ++j) s += xr[j] * w[j];
    sums[r] = s;
  }
  for (int64_t r = 0; r < rows; ++r) y[r * y_stride] = sums[r];
}

VECTOR_CLONES void rows_bfloat16(const float* x, const uint16_t* w, float* y, int64_t k, int64_t rows, int64_t x_stride, int64_t y_stride) {
  float sums[kRows] = {};
  for (int64_t r = 0; r < rows; ++r) {
    const float* xr = x + r * x_stride;
    float s = 0;
    for (int64_t j = 0; j < k; ++j) {
      union { uint32_t i; float f; } wide;
      wide.i = static_cast<uint32_t>(w[j]) << 16;
      s += xr[j] * wide.f;
    }
    sums[r] = s;
  }
  for (int64_t r = 0; r < rows; ++r) y[r * y_stride] = sums[r];
}

}  // namespace

bool is_small_product(const Tensor& x, const Tensor& weight) {
  auto type = weight.scalar_type();
  return x.device().is_cpu() && x.dim() == 2 && x.size(0) <= kSmallRows && at::isFloatingType(x.scalar_type()) &&
         weight.is_contiguous() &&
         (type == at::kFloat || type == at::kBFloat16);
}

Tensor small_product(const Tensor& x_any, const Tensor& weight) {
  Tensor x = x_any.contiguous();
  int64_t m = x.size(0), k = x.size(1), n = weight.size(0);
  Tensor y = at::empty({m, n}, x.options());
  const float* px = x.data_ptr<float>();
  float* py = y.data_ptr<float>();
  bool wide = weight.scalar_type() == at::kFloat;
  const void* pw = weight.data_ptr();
  at::parallel_for(0, n, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t r = 0; r < m; r += kRows) {
        int64_t rows = std::min(kRows, m - r);
        if (wide) rows_float(px + r * k, static_cast<const float*>(pw) + i * k, py + r * n + i, k, rows, k, n);
        else rows_bfloat16(px + r * k, static_cast<const uint16_t*>(pw) + i * k, py + r * n + i, k, rows, k, n);
      }
  });
  return y;
}

}  // namespace isogloss
