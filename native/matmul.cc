// Products of matrices: the compute type and the library are chosen here and nowhere else.
//
// fp32 products go to MKL (ATen), oneDNN or OpenBLAS, whichever the start-up probe found fastest (MKL leaves 10-35 % on
// AMD). bf16 products are reached only when the probe found the CPU to have them: without such instructions ATen's are a
// hundred times slower than fp32, so tensors stored as bf16 are then widened first, weights a panel at a time.
//
// A product is stored like its first operand. Tensors of fp64, which only tests have, stay fp64.
#include "rows.h"
#include "products.h"

#include <atomic>
#include <chrono>

namespace isogloss {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

ComputeType compute = ComputeType::kFloat32;
MatmulLibrary library = MatmulLibrary::kAten;
constexpr int64_t kPanel = int64_t{8} << 20;  // values of a bf16 weight that are widened at once: 32 MB of fp32

std::atomic<double> seconds_spent{0}, flops_done{0};

bool is_double(const Tensor& a, const Tensor& b) { return a.scalar_type() == at::kDouble || b.scalar_type() == at::kDouble; }
bool is_bf16(const Tensor& x) { return x.scalar_type() == at::kBFloat16; }

// Do both go into a bf16 product?
bool lowers(const Tensor& a, const Tensor& b) {
  return compute == ComputeType::kBFloat16 && !is_double(a, b) && at::isFloatingType(a.scalar_type()) && at::isFloatingType(b.scalar_type());
}

Tensor widened(const Tensor& x) { return x.scalar_type() == at::kFloat ? x : x.to(at::kFloat); }
Tensor lowered(const Tensor& x) { return x.to(at::kBFloat16); }
Tensor doubled(const Tensor& x) { return x.to(at::kDouble); }
Tensor stored_like(const Tensor& y, const Tensor& x) { return is_bf16(x) ? y.to(at::kBFloat16) : y.to(at::kFloat); }

bool fits_library(const Tensor& x, const Tensor& weight) {
  return x.device().is_cpu() && x.dim() == 2 && weight.dim() == 2 && x.size(0) > 1 && x.numel() > 0 && weight.numel() > 0;
}

// x W^T, all fp32.
Tensor dense_linear(const Tensor& x, const Tensor& weight) {
  if (library == MatmulLibrary::kOneDnn && fits_library(x, weight)) return onednn_linear(x, weight);
  if (library == MatmulLibrary::kOpenBlas && fits_library(x, weight)) return openblas_product(x, weight.t());
  return at::matmul(x, weight.t());
}

// into = beta * into + a b, all fp32; beta 0 or 1. Inside a parallel region only ATen's is used: the other libraries
// have pools of threads of their own.
void dense_into(const Tensor& into, const Tensor& a, const Tensor& b, float beta) {
  if (library == MatmulLibrary::kOpenBlas && fits_library(a, b) && !at::in_parallel_region() && openblas_into(into, a, b, beta)) return;
  into.addmm_(a, b, beta);
}

// body(first, count) over the `total` rows or columns of a weight that is widened piece by piece.
template <class F> void for_each_panel(int64_t total, int64_t other, F&& body) {
  int64_t step = std::max<int64_t>(64, kPanel / std::max<int64_t>(other, 1));
  for (int64_t first = 0; first < total; first += step) body(first, std::min(step, total - first));
}

// dy^T x. On AMX oneDNN's bf16 product is half as fast with a transposed left side as without: where the probe has seen
// that, the smaller of the two is transposed in memory first (elsewhere that costs 5 to 20 %).
bool transposes = false;
Tensor weight_gradient_bf16(const Tensor& dy, const Tensor& x) {
  if (!transposes || !x.device().is_cpu() || x.dim() != 2 || !dy.is_contiguous() || !x.is_contiguous()) return at::matmul(dy.t(), x);
  if (dy.numel() <= x.numel()) return at::matmul(transposed_bf16(dy), x);
  return at::matmul(transposed_bf16(x), dy).t();
}

bool needs_panels(const Tensor& weight) { return is_bf16(weight) && weight.dim() == 2 && weight.numel() > kPanel; }

}  // namespace

ComputeType compute_type() { return compute; }

ProductTimer::ProductTimer(double flops) : flops_(flops), start_(Clock::now()) {}
ProductTimer::~ProductTimer() {
  // Threads that multiply side by side share the time they take.
  seconds_spent += since(start_) / (at::in_parallel_region() ? at::get_num_threads() : 1);
  flops_done += flops_;
}

Tensor product(const Tensor& a, const Tensor& b) {
  ProductTimer timer(2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(-1)));
  if (is_double(a, b)) return at::matmul(doubled(a), doubled(b));
  if (lowers(a, b)) return stored_like(at::matmul(lowered(a), lowered(b)), a);
  Tensor x = widened(a);
  if (a.dim() == 2 && needs_panels(b)) {
    Tensor y = at::zeros({a.size(0), b.size(1)}, x.options());
    for_each_panel(b.size(0), b.size(1), [&](int64_t first, int64_t count) {
      dense_into(y, x.narrow(1, first, count), widened(b.narrow(0, first, count)), 1.f);
    });
    return stored_like(y, a);
  }
  Tensor y = widened(b);
  return stored_like(y.dim() == 2 ? dense_linear(x, y.t()) : at::matmul(x, y), a);
}

Tensor linear_product(const Tensor& x, const Tensor& weight) {
  ProductTimer timer(2.0 * static_cast<double>(x.numel()) * static_cast<double>(weight.size(0)));
  if (is_double(x, weight)) return at::matmul(doubled(x), doubled(weight).t());
  if (is_small_product(x, weight)) return stored_like(small_product(widened(x), weight), x);
  if (lowers(x, weight)) return stored_like(at::matmul(lowered(x), lowered(weight).t()), x);
  Tensor a = widened(x);
  if (a.dim() == 2 && needs_panels(weight)) {
    Tensor y = at::empty({a.size(0), weight.size(0)}, x.options());
    for_each_panel(weight.size(0), weight.size(1), [&](int64_t first, int64_t count) {
      y.narrow(1, first, count).copy_(dense_linear(a, widened(weight.narrow(0, first, count))));
    });
    return y;
  }
  return stored_like(dense_linear(a, widened(weight)), x);
}

void add_product(const Tensor& into, const Tensor& a, const Tensor& b) {
  ProductTimer timer(2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(-1)));
  if (!lowers(a, b)) return dense_into(into, widened(a), widened(b), 1.f);
  into.add_(weight_gradient_bf16(lowered(a).t(), lowered(b)));
}

// matmul(a, b, transposeA, transposeB)
KERNEL(matmul) {
  const Tensor &a = call.tensor(0), &b = call.tensor(1);
  bool ta = call.integer(2) != 0, tb = call.integer(3) != 0;
  Tensor x = ta ? a.transpose(-1, -2) : a;
  if (tb && a.dim() == 2 && b.dim() == 2) return call.result(linear_product(x, b));
  return call.result(product(x, tb ? b.transpose(-1, -2) : b));
}

// linearGrad(dy, x, into): into += dy^T x, the gradient of a weight
KERNEL(linearGrad) {
  add_product(call.tensor(2), call.tensor(0).t(), call.tensor(1));
  return call.nothing();
}

// setCompute(0 float32 | 1 bfloat16)
KERNEL(setCompute) {
  compute = call.integer(0) == 1 ? ComputeType::kBFloat16 : ComputeType::kFloat32;
  return call.nothing();
}

// setTransposes(0 | 1): whether gradients of weights are multiplied in bf16 after a transpose in memory
KERNEL(setTransposes) { transposes = call.integer(0) != 0; return call.nothing(); }

// setLibrary(0 ATen | 1 oneDNN | 2 OpenBLAS) -> what is set: ATen where the other cannot be had
KERNEL(setLibrary) {
  int wanted = call.integer(0);
  library = wanted == 1 && has_onednn_linear() ? MatmulLibrary::kOneDnn : wanted == 2 && has_openblas() ? MatmulLibrary::kOpenBlas : MatmulLibrary::kAten;
  return call.value(static_cast<double>(static_cast<int>(library)));
}

// probeMatmul(kind, M, K, N, seconds): GFLOP/s of x W^T; kind 0 ATen fp32, 1 oneDNN fp32, 2 bf16, 3 OpenBLAS fp32; 0
// where there is none; 4 of the bf16 gradient dy^T x of a weight as `setTransposes` says, M tokens. The best of the runs
// that fit into `seconds`, or of two.
KERNEL(probeMatmul) {
  int kind = call.integer(0);
  int64_t m = call.integer(1), k = call.integer(2), n = call.integer(3);
  double seconds = call.number(4);
  if ((kind == 1 && !has_onednn_linear()) || (kind == 3 && !has_openblas())) return call.value(0.0);
  auto type = kind == 2 || kind == 4 ? at::kBFloat16 : at::kFloat;
  Tensor x = at::ones({m, k}, type), w = at::ones({n, k}, type), dy = at::ones({m, n}, type);
  auto run = [&] {
    // A pass over x in ATen's own threads, as there is between any two products of a model: where a library's threads
    // fight with them, it shows.
    x.mul_(1);
    auto t = Clock::now();
    kind == 4 ? weight_gradient_bf16(dy, x) : kind == 1 ? onednn_linear(x, w) : kind == 3 ? openblas_product(x, w.t()) : at::matmul(x, w.t());
    return since(t);
  };
  auto start = Clock::now();
  double best = run();  // a CPU without bf16 takes so long here that one run is enough
  while (since(start) < seconds) best = std::min(best, run());
  return call.value(2.0 * m * k * n / best / 1e9);
}

// productTimes(Float64Array): seconds spent in products since the process began, and their floating-point operations.
KERNEL(productTimes) {
  auto* values = static_cast<double*>(call.bytes(0).data);
  values[0] = seconds_spent;
  values[1] = flops_done;
  return call.nothing();
}

}  // namespace isogloss
