// Keys and values of tokens already read, for generation: appended in place, attended to by new tokens.
//
// Shapes: B rows, T new tokens a row, C capacity, N query heads, K key/value heads, H head dim.
#include "isogloss.h"

#include <cmath>

namespace isogloss {
namespace {

#include "fast_exp.h"
#include "row_math.h"

VECTOR_CLONES void add_scaled(float* y, const float* x, float a, int64_t n) {
  for (int64_t j = 0; j < n; ++j) y[j] += a * x[j];
}

VECTOR_CLONES void softmax(float* s, int64_t n) {
  float top = largest(s, n, s[0]);
  float sum = 0;
  for (int64_t j = 0; j < n; ++j) {
    s[j] = fast_exp(s[j] - top);
    sum += s[j];
  }
  float inverse = 1.f / sum;
  for (int64_t j = 0; j < n; ++j) s[j] *= inverse;
}

}  // namespace

// appendCache(cache_BCKH, new_BTKH, starts_B, counts_B): cache[b, starts[b] + t] = new[b, t] for t < counts[b]
KERNEL(appendCache) {
  Tensor& cache = call.tensor(0);
  Tensor fresh = contiguous_float(call.tensor(1)), starts = call.tensor(2).to(at::kInt).contiguous(), counts = call.tensor(3).to(at::kInt).contiguous();
  const int32_t *start = starts.data_ptr<int32_t>(), *count = counts.data_ptr<int32_t>();
  for (int64_t b = 0; b < cache.size(0); ++b) {
    TORCH_CHECK(start[b] + count[b] <= cache.size(1), "the cache holds ", cache.size(1), " tokens, not ", start[b] + count[b]);
    if (count[b] > 0) cache.select(0, b).narrow(0, start[b], count[b]).copy_(fresh.select(0, b).narrow(0, 0, count[b]));
  }
  return call.nothing();
}

// cachedAttention(q_BTNH, keys_BCKH, values_BCKH, starts_B, counts_B, window (0 none), scale): query t of row b sees the
// tokens up to starts[b] + t, which have been appended; zeros for t >= counts[b]
KERNEL(cachedAttention) {
  Tensor q = contiguous_float(call.tensor(0)), &keys = call.tensor(1), &values = call.tensor(2);
  Tensor starts = call.tensor(3).to(at::kInt).contiguous(), counts = call.tensor(4).to(at::kInt).contiguous();
  int64_t window = call.integer(5), rows = q.size(0), tokens = q.size(1), heads = q.size(2), d = q.size(3);
  int64_t capacity = keys.size(1), kv = keys.size(2), group = heads / kv;
  float scale = static_cast<float>(call.number(6));
  TORCH_CHECK(keys.is_contiguous() && values.is_contiguous() && keys.scalar_type() == at::kFloat, "cachedAttention: cache");
  Tensor out = at::zeros_like(q);
  const float *pq = q.data_ptr<float>(), *pk = keys.data_ptr<float>(), *pv = values.data_ptr<float>();
  const int32_t *start = starts.data_ptr<int32_t>(), *count = counts.data_ptr<int32_t>();
  float* po = out.data_ptr<float>();
  at::parallel_for(0, rows * tokens * heads, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scores(capacity);
    for (int64_t i = begin; i < end; ++i) {
      int64_t n = i % heads, t = i / heads % tokens, b = i / heads / tokens;
      if (t >= count[b]) continue;
      int64_t last = start[b] + t + 1, first = window > 0 ? std::max<int64_t>(0, last - window) : 0;
      auto at = [&](int64_t j) { return ((b * capacity + j) * kv + n / group) * d; };
      for (int64_t j = first; j < last; ++j) scores[j - first] = dot(pq + i * d, pk + at(j), d) * scale;
      softmax(scores.data(), last - first);
      for (int64_t j = first; j < last; ++j) add_scaled(po + i * d, pv + at(j), scores[j - first], d);
    }
  });
  return call.result(out);
}

}  // namespace isogloss
