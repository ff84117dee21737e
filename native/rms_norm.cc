// RMSNorm as Gemma 3 has it: y = x * rsqrt(mean(x^2) + eps) * (1 + w), statistics in fp32 (transformers,
// modeling_gemma3.py: Gemma3RMSNorm), optionally added to a residual: y = residual + norm(x).
#include "rows.h"

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

// rmsNorm(x, w, residual or -1, eps) -> [y, rstd]; y is stored like the residual, or else like x
KERNEL(rmsNorm) {
  Tensor x = stored(call.tensor(0)), w = contiguous_float(call.tensor(1)), residual = call.optional(2);
  float eps = static_cast<float>(call.number(3));
  int64_t d = x.size(-1), rows = x.numel() / d;
  auto lead = x.sizes().vec();
  lead.back() = 1;
  if (!x.device().is_cpu()) {
    Tensor wide = x.to(at::kFloat), rstd = at::rsqrt(wide.square().mean({-1}, true) + eps), y = wide * rstd * (1 + w);
    if (residual.defined()) y = residual + y;
    return call.results({y.to((residual.defined() ? residual : x).scalar_type()), rstd});
  }
  if (residual.defined()) residual = stored(residual);
  Tensor y = empty_stored(x.sizes(), residual.defined() ? residual : x), rstd = at::empty(lead, w.options());
  Reader px(x), pr(residual.defined() ? residual : x);
  Writer py(y);
  bool add = residual.defined();
  const float* pw = w.data_ptr<float>();
  float* ps = rstd.data_ptr<float>();
  at::parallel_for(0, rows, kRows, [&](int64_t begin, int64_t end) {
    Buffer bx(d), br(d), by(d);
    for (int64_t i = begin; i < end; ++i) {
      forward_row(px.at(i * d, d, bx.data()), pw, add ? pr.at(i * d, d, br.data()) : nullptr, py.at(i * d, by.data()), ps + i, d, eps);
      py.done(i * d, d, by.data());
    }
  });
  return call.results({y, rstd});
}

// rmsNormGrad(dy, x, w, rstd) -> [dx, dw]; the residual's gradient is dy itself
KERNEL(rmsNormGrad) {
  Tensor dy = stored(call.tensor(0)), x = stored(call.tensor(1)), w = contiguous_float(call.tensor(2)), rstd = contiguous_float(call.tensor(3));
  int64_t d = x.size(-1), rows = x.numel() / d;
  if (!x.device().is_cpu()) {
    Tensor wide = dy.to(at::kFloat), hat = x * rstd, g = wide * (1 + w);
    Tensor dx = (g - hat * (g * hat).mean({-1}, true)) * rstd;
    return call.results({dx.to(x.scalar_type()), (wide * hat).reshape({rows, d}).sum(0)});
  }
  int64_t pieces = (rows + kRows - 1) / kRows;
  Tensor dx = empty_stored(x.sizes(), x), partial = at::zeros({pieces, d}, w.options());
  Reader pdy(dy), px(x);
  Writer pdx(dx);
  const float *pw = w.data_ptr<float>(), *ps = rstd.data_ptr<float>();
  float* pp = partial.data_ptr<float>();
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    Buffer bdy(d), bx(d), bdx(d);
    for (int64_t piece = begin; piece < end; ++piece)
      for (int64_t i = piece * kRows; i < std::min(rows, (piece + 1) * kRows); ++i) {
        norm_backward_row(pdy.at(i * d, d, bdy.data()), px.at(i * d, d, bx.data()), pw, ps[i], pdx.at(i * d, bdx.data()), pp + piece * d, d);
        pdx.done(i * d, d, bdx.data());
      }
  });
  return call.results({dx, partial.sum(0)});
}

}  // namespace isogloss
