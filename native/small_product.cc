// x W^T for a handful of rows of x, as in generation: the time is that of reading W once, so W is read as it is stored
// (fp32 or bf16, widened in registers) and never copied.
#include "isogloss.h"

namespace isogloss {
namespace {

// Rows of x and of W that are multiplied at once: each value read serves several sums, and there are enough sums for the
// additions not to wait for each other. Every sum is taken in the same order whatever the block, so that a row's result does
// not depend on how many others there are.
constexpr int64_t kRows = 4, kColumns = 2;

// Macros, because a template cannot be cloned for several vector units, and a function is not inlined into the clones.
#define FLOAT(w) (w)
#define BFLOAT16(w) __builtin_bit_cast(float, static_cast<uint32_t>(w) << 16)
#define BLOCKS(Weight, wide)                                                                                               \
  /* y[4][2] of x[4][k] and w[2][k]; row r of y begins at r * n */                                                         \
  VECTOR_CLONES void block(const float* x, const Weight* w, float* y, int64_t k, int64_t n) {                              \
    const float *x0 = x, *x1 = x + k, *x2 = x + 2 * k, *x3 = x + 3 * k;                                                    \
    const Weight *w0 = w, *w1 = w + k;                                                                                     \
    float s00 = 0, s01 = 0, s10 = 0, s11 = 0, s20 = 0, s21 = 0, s30 = 0, s31 = 0;                                          \
    for (int64_t j = 0; j < k; ++j) {                                                                                      \
      float a = wide(w0[j]), b = wide(w1[j]);                                                                              \
      s00 += x0[j] * a, s10 += x1[j] * a, s20 += x2[j] * a, s30 += x3[j] * a;                                              \
      s01 += x0[j] * b, s11 += x1[j] * b, s21 += x2[j] * b, s31 += x3[j] * b;                                              \
    }                                                                                                                      \
    y[0] = s00, y[1] = s01, y[n] = s10, y[n + 1] = s11;                                                                    \
    y[2 * n] = s20, y[2 * n + 1] = s21, y[3 * n] = s30, y[3 * n + 1] = s31;                                                \
  }                                                                                                                        \
  VECTOR_CLONES float single(const float* x, const Weight* w, int64_t k) {                                                 \
    float s = 0;                                                                                                           \
    for (int64_t j = 0; j < k; ++j) s += x[j] * wide(w[j]);                                                                \
    return s;                                                                                                              \
  }
BLOCKS(float, FLOAT)
BLOCKS(uint16_t, BFLOAT16)
#undef BLOCKS
#undef FLOAT
#undef BFLOAT16

// Columns [begin, end) of y[m][n] = x[m][k] w[n][k]^T.
template <class Weight> void columns(const float* x, const Weight* w, float* y, int64_t m, int64_t k, int64_t n, int64_t begin, int64_t end) {
  int64_t whole = m - m % kRows, i = begin;
  for (; whole > 0 && i + kColumns <= end; i += kColumns) {
    for (int64_t r = 0; r < whole; r += kRows) block(x + r * k, w + i * k, y + r * n + i, k, n);
    for (int64_t c = 0; c < kColumns; ++c)
      for (int64_t r = whole; r < m; ++r) y[r * n + i + c] = single(x + r * k, w + (i + c) * k, k);
  }
  // One row of W after the other: reading several at a time takes twice as long from memory.
  for (; i < end; ++i)
    for (int64_t r = 0; r < m; ++r) y[r * n + i] = single(x + r * k, w + i * k, k);
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
  bool is_float = weight.scalar_type() == at::kFloat;
  const void* pw = weight.data_ptr();
  at::parallel_for(0, n, 64, [&](int64_t begin, int64_t end) {
    if (is_float) columns(px, static_cast<const float*>(pw), py, m, k, n, begin, end);
    else columns(px, static_cast<const uint16_t*>(pw), py, m, k, n, begin, end);
  });
  return y;
}

}  // namespace isogloss
