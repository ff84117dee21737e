// RMSNorm as Gemma 3 has it: y = x * rsqrt(mean(x^2) + eps) * (1 + w), statistics in fp32 (transformers,
// modeling_gemma3.py: Gemma3RMSNorm), optionally added to a residual: y = residual + norm(x).
#include "isogloss.h"

#include <cmath>

namespace isogloss {
namespace {

#include "row_math.h"

VECTOR_CLONES void forward_row(const float* x, const float* w, const float* residual, float* y, float* rstd, int64_t d, float eps) {
  float sum = 0;
  for (int64_t j = 0; j < d; ++j) sum += x[j] * x[j];
  float r = 1.f / std::sqrt(sum / static_cast<float>(d) + eps);
  *rstd = r;
  if (residual == nullptr) for (int64_t j = 0; j < d; ++j) y[j] = x[j] * r * (1.f + w[j]);
  else for (int64_t j = 0; j < d; ++j) y[j] = residual[j] + x[j] * r * (1.f + w[j]);
}

constexpr int64_t kRows = 64;  // rows whose weight gradient is summed together: fixed, so that threads do not change sums

}  // namespace

// rmsNorm(x, w, residual or -1, eps) -> [y, rstd]
KERNEL(rmsNorm) {
  Tensor x = contiguous_float(call.tensor(0)), w = contiguous_float(call.tensor(1)), residual = call.optional(2);
  float eps = static_cast<float>(call.number(3));
  int64_t d = x.size(-1), rows = x.numel() / d;
  auto lead = x.sizes().vec();
  lead.back() = 1;
  if (!x.device().is_cpu()) {
    Tensor rstd = at::rsqrt(x.square().mean({-1}, true) + eps), y = x * rstd * (1 + w);
    return call.results({residual.defined() ? residual + y : y, rstd});
  }
  Tensor y = at::empty_like(x), rstd = at::empty(lead, x.options());
  if (residual.defined()) residual = contiguous_float(residual);
  const float *px = x.data_ptr<float>(), *pw = w.data_ptr<float>(), *pr = residual.defined() ? residual.data_ptr<float>() : nullptr;
  float *py = y.data_ptr<float>(), *ps = rstd.data_ptr<float>();
  at::parallel_for(0, rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) forward_row(px + i * d, pw, pr ? pr + i * d : nullptr, py + i * d, ps + i, d, eps);
  });
  return call.results({y, rstd});
}

// rmsNormGrad(dy, x, w, rstd) -> [dx, dw]; the residual's gradient is dy itself
KERNEL(rmsNormGrad) {
  Tensor dy = contiguous_float(call.tensor(0)), x = contiguous_float(call.tensor(1)), w = contiguous_float(call.tensor(2)),
         rstd = contiguous_float(call.tensor(3));
  int64_t d = x.size(-1), rows = x.numel() / d;
  if (!x.device().is_cpu()) {
    Tensor hat = x * rstd, g = dy * (1 + w);
    Tensor dx = (g - hat * (g * hat).mean({-1}, true)) * rstd;
    return call.results({dx, (dy * hat).reshape({rows, d}).sum(0)});
  }
  int64_t pieces = (rows + kRows - 1) / kRows;
  Tensor dx = at::empty_like(x), partial = at::zeros({pieces, d}, x.options());
  const float *pdy = dy.data_ptr<float>(), *px = x.data_ptr<float>(), *pw = w.data_ptr<float>(), *ps = rstd.data_ptr<float>();
  float *pdx = dx.data_ptr<float>(), *pp = partial.data_ptr<float>();
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; ++piece)
      for (int64_t i = piece * kRows; i < std::min(rows, (piece + 1) * kRows); ++i)
        norm_backward_row(pdy + i * d, px + i * d, pw, ps[i], pdx + i * d, pp + piece * d, d);
  });
  return call.results({dx, partial.sum(0)});
}

}  // namespace isogloss
