// AdamW in place over one parameter: torch.optim.AdamW's formula (decoupled weight decay, bias correction), fp32.
#include "isogloss.h"

#include <cmath>

namespace isogloss {
namespace {

struct Step { float lr, beta1, beta2, eps, decay, scale, correction1, correction2_root; };

VECTOR_CLONES void adamw(float* p, const float* g, float* m, float* v, int64_t n, Step s) {
  float step_size = s.lr / s.correction1;
  for (int64_t i = 0; i < n; ++i) {
    float gi = g[i] * s.scale;
    float mi = s.beta1 * m[i] + (1.f - s.beta1) * gi;
    float vi = s.beta2 * v[i] + (1.f - s.beta2) * gi * gi;
    m[i] = mi;
    v[i] = vi;
    p[i] = p[i] * s.decay - step_size * mi / (std::sqrt(vi) / s.correction2_root + s.eps);
  }
}

}  // namespace

// adamw(p, g, m, v, lr, beta1, beta2, eps, weight decay, step from 1, gradient scale)
KERNEL(adamw) {
  Tensor &p = call.tensor(0), &m = call.tensor(2), &v = call.tensor(3);
  Tensor g = contiguous_float(call.tensor(1));
  double beta1 = call.number(5), beta2 = call.number(6), step = call.number(9);
  Step s{static_cast<float>(call.number(4)), static_cast<float>(beta1), static_cast<float>(beta2), static_cast<float>(call.number(7)),
         static_cast<float>(1.0 - call.number(4) * call.number(8)), static_cast<float>(call.number(10)),
         static_cast<float>(1.0 - std::pow(beta1, step)), static_cast<float>(std::sqrt(1.0 - std::pow(beta2, step)))};
  TORCH_CHECK(p.numel() == g.numel() && p.numel() == m.numel() && p.numel() == v.numel(), "adamw: sizes differ");
  TORCH_CHECK(p.scalar_type() == at::kFloat && p.is_contiguous() && m.is_contiguous() && v.is_contiguous(), "adamw: fp32 and contiguous only");
  if (!p.device().is_cpu()) {
    Tensor gs = g * s.scale;
    m.mul_(s.beta1).add_(gs, 1.f - s.beta1);
    v.mul_(s.beta2).addcmul_(gs, gs, 1.f - s.beta2);
    p.mul_(s.decay).addcdiv_(m, v.sqrt().div_(s.correction2_root).add_(s.eps), -s.lr / s.correction1);
    return call.nothing();
  }
  float *pp = p.data_ptr<float>(), *pm = m.data_ptr<float>(), *pv = v.data_ptr<float>();
  const float* pg = g.data_ptr<float>();
  at::parallel_for(0, p.numel(), 1 << 15, [&](int64_t b, int64_t e) { adamw(pp + b, pg + b, pm + b, pv + b, e - b, s); });
  return call.nothing();
}

}  // namespace isogloss
