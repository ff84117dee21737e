// GeGLU: gelu_tanh(gate) * up in one pass (transformers: gelu_pytorch_tanh, Gemma3MLP). Gate and up may be the two
// halves of one product's rows. exp is the polynomial below, within 2e-7 of the exact one.
#include "rows.h"

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

constexpr int64_t kRun = 1024;  // values that pass through the buffers at once

}  // namespace

// geglu(gate_MF, up_MF), stored like the gate
KERNEL(geglu) {
  Tensor gate = stored(call.tensor(0)), up = stored(call.tensor(1));
  if (!gate.device().is_cpu()) return call.result(at::gelu(gate, "tanh") * up);
  Tensor y = empty_stored(gate.sizes(), gate);
  Reader g(gate), u(up);
  Writer out(y);
  at::parallel_for(0, gate.numel(), 4096, [&](int64_t begin, int64_t end) {
    Buffer bg(kRun), bu(kRun), by(kRun);
    for (int64_t i = begin; i < end; i += kRun) {
      int64_t n = std::min(kRun, end - i);
      forward_row(g.at(i, n, bg.data()), u.at(i, n, bu.data()), out.at(i, by.data()), n);
      out.done(i, n, by.data());
    }
  });
  return call.result(y);
}

// gegluGrad(dy, gate, up) -> [dgate, dup], stored like the gate
KERNEL(gegluGrad) {
  Tensor dy = stored(call.tensor(0)), gate = stored(call.tensor(1)), up = stored(call.tensor(2));
  if (!gate.device().is_cpu()) return call.results({at::gelu_backward(dy * up, gate, "tanh"), dy * at::gelu(gate, "tanh")});
  Tensor dg = empty_stored(gate.sizes(), gate), du = empty_stored(gate.sizes(), gate);
  Reader d(dy), g(gate), u(up);
  Writer pg(dg), pu(du);
  at::parallel_for(0, gate.numel(), 4096, [&](int64_t begin, int64_t end) {
    Buffer bd(kRun), bg(kRun), bu(kRun), bdg(kRun), bdu(kRun);
    for (int64_t i = begin; i < end; i += kRun) {
      int64_t n = std::min(kRun, end - i);
      backward_row(d.at(i, n, bd.data()), g.at(i, n, bg.data()), u.at(i, n, bu.data()), pg.at(i, bdg.data()), pu.at(i, bdu.data()), n);
      pg.done(i, n, bdg.data());
      pu.done(i, n, bdu.data());
    }
  });
  return call.results({dg, du});
}

}  // namespace isogloss
