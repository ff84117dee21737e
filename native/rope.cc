// Rotary position embedding in the rotate-half form (transformers, modeling_gemma3.py: apply_rotary_pos_emb):
// y = x cos + [-x2, x1] sin over the two halves of a head. Its gradient is the rotation by the opposite angle.
// With a weight, each head is RMS-normalised first, as Gemma 3 does to queries and keys (q_norm, k_norm).
#include "isogloss.h"

#include <cmath>

namespace isogloss {
namespace {

#include "row_math.h"

VECTOR_CLONES void rotate(const float* x, const float* cos, const float* sin, float* y, int64_t half, float sign) {
  for (int64_t j = 0; j < half; ++j) {
    float a = x[j], b = x[j + half], c = cos[j], s = sign * sin[j];
    y[j] = a * c - b * s;
    y[j + half] = b * c + a * s;
  }
}

VECTOR_CLONES float inverse_rms(const float* x, int64_t d, float eps) {
  float sum = 0;
  for (int64_t j = 0; j < d; ++j) sum += x[j] * x[j];
  return 1.f / std::sqrt(sum / static_cast<float>(d) + eps);
}

VECTOR_CLONES void scale(const float* x, const float* w, float r, float* y, int64_t d) {
  for (int64_t j = 0; j < d; ++j) y[j] = x[j] * r * (1.f + w[j]);
}

constexpr int64_t kTokens = 64;  // tokens whose weight gradient is summed together, whatever the threads

}  // namespace

// headNormRope(x_MNH, w_H, cos_Mh, sin_Mh, eps): M tokens, N heads, H head dim, h = H / 2
KERNEL(headNormRope) {
  Tensor x = contiguous_float(call.tensor(0)), w = contiguous_float(call.tensor(1)), cos = contiguous_float(call.tensor(2)),
         sin = contiguous_float(call.tensor(3));
  float eps = static_cast<float>(call.number(4));
  int64_t d = x.size(-1), heads = x.size(-2), tokens = x.numel() / (d * heads), half = d / 2;
  TORCH_CHECK(cos.numel() == tokens * half && sin.numel() == tokens * half, "headNormRope: angles for other tokens");
  Tensor y = at::empty_like(x);
  const float *px = x.data_ptr<float>(), *pw = w.data_ptr<float>(), *pc = cos.data_ptr<float>(), *ps = sin.data_ptr<float>();
  float* py = y.data_ptr<float>();
  at::parallel_for(0, tokens, kTokens, [&](int64_t begin, int64_t end) {
    std::vector<float> row(d);
    for (int64_t t = begin; t < end; ++t)
      for (int64_t n = 0; n < heads; ++n) {
        const float* xi = px + (t * heads + n) * d;
        scale(xi, pw, inverse_rms(xi, d, eps), row.data(), d);
        rotate(row.data(), pc + t * half, ps + t * half, py + (t * heads + n) * d, half, 1.f);
      }
  });
  return call.result(y);
}

// headNormRopeGrad(dy, x, w, cos, sin, eps) -> [dx, dw]; the norm is taken again, which is cheaper than keeping it
KERNEL(headNormRopeGrad) {
  Tensor dy = contiguous_float(call.tensor(0)), x = contiguous_float(call.tensor(1)), w = contiguous_float(call.tensor(2)),
         cos = contiguous_float(call.tensor(3)), sin = contiguous_float(call.tensor(4));
  float eps = static_cast<float>(call.number(5));
  int64_t d = x.size(-1), heads = x.size(-2), tokens = x.numel() / (d * heads), half = d / 2;
  int64_t pieces = (tokens + kTokens - 1) / kTokens;
  Tensor dx = at::empty_like(x), partial = at::zeros({pieces, d}, x.options());
  const float *pdy = dy.data_ptr<float>(), *px = x.data_ptr<float>(), *pw = w.data_ptr<float>(), *pc = cos.data_ptr<float>(),
              *ps = sin.data_ptr<float>();
  float *pdx = dx.data_ptr<float>(), *pp = partial.data_ptr<float>();
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> row(d);
    for (int64_t piece = begin; piece < end; ++piece)
      for (int64_t t = piece * kTokens; t < std::min(tokens, (piece + 1) * kTokens); ++t)
        for (int64_t n = 0; n < heads; ++n) {
          int64_t at = (t * heads + n) * d;
          rotate(pdy + at, pc + t * half, ps + t * half, row.data(), half, -1.f);
          norm_backward_row(row.data(), px + at, pw, inverse_rms(px + at, d, eps), pdx + at, pp + piece * d, d);
        }
  });
  return call.results({dx, partial.sum(0)});
}

}  // namespace isogloss
