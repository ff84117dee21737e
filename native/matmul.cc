// Products of matrices: the compute type and the library are chosen here and nowhere else.
//
// fp32 products go to MKL (ATen) or oneDNN, whichever the start-up probe found faster (MKL leaves 10-35 % on AMD).
// bf16 products are reached only when the probe found the CPU to have them: without such instructions ATen's are a
// hundred times slower than fp32, so tensors stored as bf16 are then widened first.
#include "isogloss.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <chrono>

namespace isogloss {
namespace {

ComputeType compute = ComputeType::kFloat32;
MatmulLibrary library = MatmulLibrary::kAten;

using LinearPointwise = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, c10::string_view,
                               c10::List<std::optional<at::Scalar>>, std::optional<c10::string_view>);

// oneDNN's fp32 inner product, by the operator torch registers for its compiler. Undefined where the build lacks it.
const std::optional<c10::TypedOperatorHandle<LinearPointwise>>& onednn_linear() {
  static const auto handle = []() -> std::optional<c10::TypedOperatorHandle<LinearPointwise>> {
    auto schema = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!schema) return std::nullopt;
    try {
      return schema->typed<LinearPointwise>();
    } catch (const c10::Error&) {
      return std::nullopt;  // the signature is another one in this version of torch
    }
  }();
  return handle;
}

Tensor linear_onednn(const Tensor& x, const Tensor& weight) {
  return onednn_linear()->call(x, weight, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), std::nullopt);
}

bool use_onednn(const Tensor& x, const Tensor& weight) {
  return library == MatmulLibrary::kOneDnn && x.device().is_cpu() && x.scalar_type() == at::kFloat &&
         weight.scalar_type() == at::kFloat && x.dim() == 2 && x.size(0) > 1 && x.numel() > 0 && weight.numel() > 0;
}

bool lowers(const Tensor& a, const Tensor& b) {
  return compute == ComputeType::kBFloat16 && at::isFloatingType(a.scalar_type()) && at::isFloatingType(b.scalar_type());
}

Tensor widened(const Tensor& x) { return x.scalar_type() == at::kFloat ? x : x.to(at::kFloat); }

}  // namespace

ComputeType compute_type() { return compute; }

Tensor product(const Tensor& a, const Tensor& b) {
  if (lowers(a, b)) return at::matmul(a.to(at::kBFloat16), b.to(at::kBFloat16)).to(at::kFloat);
  Tensor x = widened(a), y = widened(b);
  if (y.dim() == 2 && use_onednn(x, y)) return linear_onednn(x, y.t());
  return at::matmul(x, y);
}

Tensor linear_product(const Tensor& x, const Tensor& weight) {
  if (is_small_product(x, weight)) return small_product(x, weight);
  if (lowers(x, weight)) return at::matmul(x.to(at::kBFloat16), weight.to(at::kBFloat16).t()).to(at::kFloat);
  Tensor a = widened(x), w = widened(weight);
  if (use_onednn(a, w)) return linear_onednn(a, w);
  return at::matmul(a, w.t());
}

void add_product(const Tensor& into, const Tensor& a, const Tensor& b) {
  if (lowers(a, b)) {
    into.add_(at::matmul(a.to(at::kBFloat16), b.to(at::kBFloat16)));
    return;
  }
  into.addmm_(widened(a), widened(b));
}

// matmul(a, b, transposeA, transposeB)
KERNEL(matmul) {
  const Tensor &a = call.tensor(0), &b = call.tensor(1);
  bool ta = call.integer(2) != 0, tb = call.integer(3) != 0;
  Tensor x = ta ? a.transpose(-1, -2) : a;
  if (tb && a.dim() == 2 && b.dim() == 2) return call.result(linear_product(x, b));
  return call.result(product(x, tb ? b.transpose(-1, -2) : b));
}

// linearGrad(dy, x, weight, into or -1, wantX, wantWeight): dx = dy W and dW = dy^T x, the latter added into `into`.
KERNEL(linearGrad) {
  const Tensor &dy = call.tensor(0), &x = call.tensor(1), &weight = call.tensor(2);
  Tensor into = call.optional(3), dx, dw;
  if (call.integer(4)) dx = product(dy, weight);
  if (call.integer(5)) {
    if (into.defined()) add_product(into, dy.t(), x);
    else dw = product(dy.t(), x);
  }
  return call.results({dx, dw});
}

// setCompute(0 float32 | 1 bfloat16), setLibrary(0 ATen | 1 oneDNN; ATen where oneDNN cannot be had) -> what is set
KERNEL(setCompute) {
  compute = call.integer(0) == 1 ? ComputeType::kBFloat16 : ComputeType::kFloat32;
  return call.value(static_cast<double>(call.integer(0)));
}
KERNEL(setLibrary) {
  library = call.integer(0) == 1 && onednn_linear().has_value() ? MatmulLibrary::kOneDnn : MatmulLibrary::kAten;
  return call.value(library == MatmulLibrary::kOneDnn ? 1 : 0);
}

// probeMatmul(kind, M, K, N, seconds): GFLOP/s of x W^T; kind 0 ATen fp32, 1 oneDNN fp32, 2 bf16. The best of the runs
// that fit into `seconds`, or of two.
KERNEL(probeMatmul) {
  int kind = call.integer(0);
  int64_t m = call.integer(1), k = call.integer(2), n = call.integer(3);
  double seconds = call.number(4);
  if (kind == 1 && !onednn_linear()) return call.value(0.0);
  auto type = kind == 2 ? at::kBFloat16 : at::kFloat;
  Tensor x = at::ones({m, k}, type), w = at::ones({n, k}, type);
  auto run = [&] { kind == 1 ? linear_onednn(x, w) : at::matmul(x, w.t()); };
  using Clock = std::chrono::steady_clock;
  auto since = [](Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); };
  auto start = Clock::now();
  run();
  double best = since(start);  // a CPU without bf16 takes so long here that one run is enough
  for (int runs = 1; since(start) < seconds; ++runs) {
    auto t = Clock::now();
    run();
    best = std::min(best, since(t));
  }
  return call.value(2.0 * m * k * n / best / 1e9);
}

}  // namespace isogloss
