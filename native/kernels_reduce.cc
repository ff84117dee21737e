// Reductions, softmax, argument search and cumulative sums. Sums and means of floats are taken in fp32 whatever the storage.
#include "isogloss.h"

namespace isogloss {
namespace {
std::vector<int64_t> axes_of(const Tensor& x, int mask) {
  std::vector<int64_t> axes;
  for (int i = 0; i < x.dim(); ++i) if (mask >> i & 1) axes.push_back(i);
  return axes;
}
// What sums are taken in: fp32 for every float but the fp64 of tests.
at::ScalarType wide(const Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }
bool whole(const Tensor& x) { return x.scalar_type() == at::kInt || x.scalar_type() == at::kBool; }
}  // namespace

// Each takes (x, mask of axes, keep dims); no axes leaves the values as they are.
KERNEL(sum) {
  const Tensor& x = call.tensor(0);
  auto axes = axes_of(x, call.integer(1));
  auto type = whole(x) ? at::kInt : wide(x);
  return call.result(axes.empty() ? x.to(type, false, true) : at::sum(x, axes, call.integer(2), type));
}
KERNEL(mean) {
  const Tensor& x = call.tensor(0);
  auto axes = axes_of(x, call.integer(1));
  return call.result(axes.empty() ? x.to(wide(x), false, true) : at::mean(x.to(wide(x)), axes, call.integer(2)));
}
KERNEL(max) {
  const Tensor& x = call.tensor(0);
  auto axes = axes_of(x, call.integer(1));
  return call.result(axes.empty() ? x.clone() : at::amax(x, axes, call.integer(2)));
}
KERNEL(min) {
  const Tensor& x = call.tensor(0);
  auto axes = axes_of(x, call.integer(1));
  return call.result(axes.empty() ? x.clone() : at::amin(x, axes, call.integer(2)));
}
KERNEL(prod) {
  Tensor x = call.tensor(0);
  auto axes = axes_of(x, call.integer(1));
  x = x.to(whole(x) ? at::kInt : wide(x));
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) x = at::prod(x, *axis, call.integer(2), x.scalar_type());
  return call.result(x);
}
KERNEL(all) {
  Tensor x = call.tensor(0).to(at::kBool);
  auto axes = axes_of(x, call.integer(1));
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) x = at::all(x, *axis, call.integer(2));
  return call.result(x);
}
KERNEL(any) {
  Tensor x = call.tensor(0).to(at::kBool);
  auto axes = axes_of(x, call.integer(1));
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) x = at::any(x, *axis, call.integer(2));
  return call.result(x);
}

// argMax(x, axis), argMin(x, axis): the first of equals; NaN never wins, as in TensorFlow.js.
KERNEL(argMax) {
  Tensor x = call.tensor(0).to(at::kFloat);
  return call.result(at::argmax(at::where(at::isnan(x), -INFINITY, x), call.integer(1)).to(at::kInt));
}
KERNEL(argMin) {
  Tensor x = call.tensor(0).to(at::kFloat);
  return call.result(at::argmin(at::where(at::isnan(x), INFINITY, x), call.integer(1)).to(at::kInt));
}

// softmax(x, axis), logSoftmax(x, axis): fp32
KERNEL(softmax) { return call.result(at::softmax(call.tensor(0).to(wide(call.tensor(0))), call.integer(1))); }
KERNEL(logSoftmax) { return call.result(at::log_softmax(call.tensor(0).to(wide(call.tensor(0))), call.integer(1))); }

// cumsum(x, axis, exclusive, reverse)
KERNEL(cumsum) {
  const Tensor& x = call.tensor(0);
  int64_t axis = call.integer(1);
  bool exclusive = call.integer(2) != 0, reverse = call.integer(3) != 0;
  Tensor y = reverse ? at::flip(x, {axis}) : x;
  Tensor s = at::cumsum(y, axis, x.scalar_type() == at::kBool ? at::kInt : x.scalar_type());
  if (exclusive) s = s - y;
  return call.result(reverse ? at::flip(s, {axis}) : s);
}

// topK(x, k, sorted) along the last axis -> values, indices; equals in order of index
KERNEL(topK) {
  const Tensor& x = call.tensor(0);
  int64_t k = call.integer(1);
  auto [values, indices] = at::sort(x, /*stable=*/true, /*dim=*/-1, /*descending=*/true);
  return call.results({values.narrow(-1, 0, k).contiguous(), indices.narrow(-1, 0, k).to(at::kInt).contiguous()});
}

// sumOfSquares(x): in fp64, in one order whatever the number of threads, for norms of gradients
KERNEL(sumOfSquares) {
  Tensor x = contiguous_float(call.tensor(0));
  constexpr int64_t kPiece = 1 << 16;
  int64_t n = x.numel(), pieces = (n + kPiece - 1) / kPiece;
  if (!x.device().is_cpu()) return call.value(x.square().sum(at::kDouble).item<double>());
  std::vector<double> partial(pieces);
  const float* p = x.data_ptr<float>();
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      double s = 0;
      int64_t stop = std::min(n, (i + 1) * kPiece);
      for (int64_t j = i * kPiece; j < stop; j += 1024) {
        float block = 0;
        for (int64_t l = j; l < std::min(stop, j + 1024); ++l) block += p[l] * p[l];
        s += block;
      }
      partial[i] = s;
    }
  });
  double total = 0;
  for (double s : partial) total += s;
  return call.value(total);
}

}  // namespace isogloss
