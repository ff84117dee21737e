// Rotary position embedding in the rotate-half form (transformers, modeling_gemma3.py: apply_rotary_pos_emb):
// y = x cos + [-x2, x1] sin over the two halves of a head. Its gradient is the rotation by the opposite angle.
// With a weight, each head is RMS-normalised first, as Gemma 3 does to queries and keys (q_norm, k_norm).
#include "rows.h"

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

// headNormRope(x_MNH, w_H, cos_Mh, sin_Mh, eps): M tokens, N heads, H head dim, h = H / 2; stored like x
KERNEL(headNormRope) {
  Tensor x = stored(call.tensor(0)), w = contiguous_float(call.tensor(1)), cos = contiguous_float(call.tensor(2)),
         sin = contiguous_float(call.tensor(3));
  float eps = static_cast<float>(call.number(4));
  int64_t d = x.size(-1), heads = x.size(-2), tokens = x.numel() / (d * heads), half = d / 2;
  TORCH_CHECK(cos.numel() == tokens * half && sin.numel() == tokens * half, "headNormRope: angles for other tokens");
  Tensor y = empty_stored(x.sizes(), x);
  Reader px(x);
  Writer py(y);
  const float *pw = w.data_ptr<float>(), *pc = cos.data_ptr<float>(), *ps = sin.data_ptr<float>();
  at::parallel_for(0, tokens, kTokens, [&](int64_t begin, int64_t end) {
    Buffer bx(d), normed(d), by(d);
    for (int64_t t = begin; t < end; ++t)
      for (int64_t n = 0; n < heads; ++n) {
        int64_t at = (t * heads + n) * d;
        const float* xi = px.at(at, d, bx.data());
        scale(xi, pw, inverse_rms(xi, d, eps), normed.data(), d);
        rotate(normed.data(), pc + t * half, ps + t * half, py.at(at, by.data()), half, 1.f);
        py.done(at, d, by.data());
      }
  });
  return call.result(y);
}

// headNormRopeGrad(dy, x, w, cos, sin, eps) -> [dx, dw]; the norm is taken again, which is cheaper than keeping it
KERNEL(headNormRopeGrad) {
  Tensor dy = stored(call.tensor(0)), x = stored(call.tensor(1)), w = contiguous_float(call.tensor(2)),
         cos = contiguous_float(call.tensor(3)), sin = contiguous_float(call.tensor(4));
  float eps = static_cast<float>(call.number(5));
  int64_t d = x.size(-1), heads = x.size(-2), tokens = x.numel() / (d * heads), half = d / 2;
  int64_t pieces = (tokens + kTokens - 1) / kTokens;
  Tensor dx = empty_stored(x.sizes(), x), partial = at::zeros({pieces, d}, w.options());
  Reader pdy(dy), px(x);
  Writer pdx(dx);
  const float *pw = w.data_ptr<float>(), *pc = cos.data_ptr<float>(), *ps = sin.data_ptr<float>();
  float* pp = partial.data_ptr<float>();
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    Buffer bdy(d), bx(d), turned(d), bdx(d);
    for (int64_t piece = begin; piece < end; ++piece)
      for (int64_t t = piece * kTokens; t < std::min(tokens, (piece + 1) * kTokens); ++t)
        for (int64_t n = 0; n < heads; ++n) {
          int64_t at = (t * heads + n) * d;
          const float* xi = px.at(at, d, bx.data());
          rotate(pdy.at(at, d, bdy.data()), pc + t * half, ps + t * half, turned.data(), half, -1.f);
          norm_backward_row(turned.data(), xi, pw, inverse_rms(xi, d, eps), pdx.at(at, bdx.data()), pp + piece * d, d);
          pdx.done(at, d, bdx.data());
        }
  });
  return call.results({dx, partial.sum(0)});
}

}  // namespace isogloss
