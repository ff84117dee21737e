// AdamW in place over one parameter: torch.optim.AdamW's formula (decoupled weight decay, bias correction), fp32
// arithmetic and state whatever the parameter is stored as.
#include "parameter.h"

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
    p[i] = p[i] * s.decay - step_size * mi / (__builtin_sqrtf(vi) / s.correction2_root + s.eps);
  }
}

}  // namespace

// adamw(p, g, m, v, master or -1, rounding key, lr, beta1, beta2, eps, weight decay, step from 1, gradient scale)
KERNEL(adamw) {
  Tensor &m = call.tensor(2), &v = call.tensor(3);
  Tensor g = contiguous_float(call.tensor(1));
  Parameter p(call.tensor(0), call.optional(4), static_cast<uint32_t>(call.integer(5)));
  double lr = call.number(6), beta1 = call.number(7), beta2 = call.number(8), step = call.number(11);
  Step s{static_cast<float>(lr), static_cast<float>(beta1), static_cast<float>(beta2), static_cast<float>(call.number(9)),
         static_cast<float>(1.0 - lr * call.number(10)), static_cast<float>(call.number(12)),
         static_cast<float>(1.0 - std::pow(beta1, step)), static_cast<float>(std::sqrt(1.0 - std::pow(beta2, step)))};
  TORCH_CHECK(p.size() == g.numel() && p.size() == m.numel() && p.size() == v.numel(), "adamw: sizes differ");
  TORCH_CHECK(m.is_contiguous() && v.is_contiguous(), "adamw: contiguous only");
  if (!g.device().is_cpu()) {
    Tensor gs = g * s.scale;
    m.mul_(s.beta1).add_(gs, 1.f - s.beta1);
    v.mul_(s.beta2).addcmul_(gs, gs, 1.f - s.beta2);
    p.change([&](Tensor& values) { values.mul_(s.decay).addcdiv_(m, v.sqrt().div_(s.correction2_root).add_(s.eps), -s.lr / s.correction1); });
    return call.nothing();
  }
  float *pm = m.data_ptr<float>(), *pv = v.data_ptr<float>();
  const float* pg = g.data_ptr<float>();
  p.change_on_cpu([&](float* values, int64_t first, int64_t n) { adamw(values, pg + first, pm + first, pv + first, n, s); });
  return call.nothing();
}

}  // namespace isogloss
