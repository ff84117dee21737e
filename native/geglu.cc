// GeGLU: gelu_tanh(gate) * up in one pass (transformers: gelu_pytorch_tanh, Gemma3MLP). Gate and up may be the two
// halves of one product's rows. exp is the polynomial below, within 2e-7 of the exact one.
#include "isogloss.h"

#include <cmath>
#include <cstring>

namespace isogloss {
namespace {

constexpr float kRoot = 0.7978845608028654f;  // sqrt(2 / pi)
constexpr float kCube = 0.044715f;

#include "fast_exp.h"

// gelu(x) = x/2 (1 + tanh z), z = sqrt(2/pi) (x + 0.044715 x^3), tanh z = 1 - 2 / (e^2z + 1)
inline __attribute__((always_inline)) float tanh_of(float z) {
  float e = fast_exp(2.f * z);
  return 1.f - 2.f / (e + 1.f);
}

VECTOR_CLONES void forward_row(const float* g, const float* u, float* y, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    float x = g[j], t = tanh_of(kRoot * (x + kCube * x * x * x));
    y[j] = 0.5f * x * (1.f + t) * u[j];
  }
}

VECTOR_CLONES void backward_row(const float* dy, const float* g, const float* u, float* dg, float* du, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    float x = g[j], t = tanh_of(kRoot * (x + kCube * x * x * x)), d = dy[j];
    float slope = 0.5f * (1.f + t) + 0.5f * x * (1.f - t * t) * kRoot * (1.f + 3.f * kCube * x * x);
    du[j] = d * 0.5f * x * (1.f + t);
    dg[j] = d * u[j] * slope;
  }
}

}  // namespace

// geglu(gate_MF, up_MF)
KERNEL(geglu) {
  Tensor gate = contiguous_float(call.tensor(0)), up = contiguous_float(call.tensor(1));
  if (!gate.device().is_cpu()) return call.result(at::gelu(gate, "tanh") * up);
  Tensor y = at::empty_like(gate);
  const float *g = gate.data_ptr<float>(), *u = up.data_ptr<float>();
  float* out = y.data_ptr<float>();
  at::parallel_for(0, gate.numel(), 4096, [&](int64_t b, int64_t e) { forward_row(g + b, u + b, out + b, e - b); });
  return call.result(y);
}

// gegluGrad(dy, gate, up) -> [dgate, dup]
KERNEL(gegluGrad) {
  Tensor dy = contiguous_float(call.tensor(0)), gate = contiguous_float(call.tensor(1)), up = contiguous_float(call.tensor(2));
  if (!gate.device().is_cpu()) return call.results({at::gelu_backward(dy * up, gate, "tanh"), dy * at::gelu(gate, "tanh")});
  Tensor dg = at::empty_like(gate), du = at::empty_like(gate);
  const float *d = dy.data_ptr<float>(), *g = gate.data_ptr<float>(), *u = up.data_ptr<float>();
  float *pg = dg.data_ptr<float>(), *pu = du.data_ptr<float>();
  at::parallel_for(0, gate.numel(), 4096, [&](int64_t b, int64_t e) { backward_row(d + b, g + b, u + b, pg + b, pu + b, e - b); });
  return call.results({dg, du});
}

}  // namespace isogloss
