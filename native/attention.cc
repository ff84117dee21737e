// Causal attention over packed sequences: grouped query heads without expanding keys and values, an optional sliding
// window, and no attention across segments. fp32. Only the blocks that a query can see are computed, and the backward
// pass takes the probabilities again from the saved log-sum-exp instead of keeping them.
//
// Shapes: M tokens (all rows of a batch, one after the other), N query heads, K key/value heads, H head dim.
#include "products.h"

#include <cmath>

namespace isogloss {
namespace {

#include "fast_exp.h"
#include "row_math.h"

constexpr int64_t kBlock = 64;  // query rows whose scores are held at once

struct Run { int64_t start, length; };  // a stretch of tokens of one segment

// Neighbouring tokens of one batch row with the same segment id belong together; id 0 is padding and in no run.
std::vector<Run> runs_of(const Tensor& segments_BT) {
  Tensor ids = segments_BT.to(at::kInt).contiguous();
  const int32_t* id = ids.data_ptr<int32_t>();
  int64_t rows = ids.size(0), width = ids.size(1);
  std::vector<Run> runs;
  for (int64_t b = 0; b < rows; ++b)
    for (int64_t t = 0; t < width;) {
      int64_t end = t + 1;
      while (end < width && id[b * width + end] == id[b * width + t]) ++end;
      if (id[b * width + t] != 0) runs.push_back({b * width + t, end - t});
      t = end;
    }
  return runs;
}

// Softmax of scale * s over [first, last), zero elsewhere in [0, n); returns the log-sum-exp.
VECTOR_CLONES float softmax_row(float* s, int64_t first, int64_t last, int64_t n, float scale) {
  float top = s[first];
  for (int64_t j = first; j < last; ++j) top = s[j] > top ? s[j] : top;
  float sum = 0;
  for (int64_t j = first; j < last; ++j) {
    float e = fast_exp((s[j] - top) * scale);
    s[j] = e;
    sum += e;
  }
  float inverse = 1.f / sum;
  for (int64_t j = 0; j < first; ++j) s[j] = 0.f;
  for (int64_t j = first; j < last; ++j) s[j] *= inverse;
  for (int64_t j = last; j < n; ++j) s[j] = 0.f;
  return top * scale + std::log(sum);
}

// s becomes the probabilities again; d (gradient of the probabilities) becomes that of the unscaled scores.
VECTOR_CLONES void softmax_grad_row(float* s, float* d, float lse, float delta, int64_t first, int64_t last, int64_t n, float scale) {
  for (int64_t j = 0; j < first; ++j) s[j] = d[j] = 0.f;
  for (int64_t j = first; j < last; ++j) {
    float p = fast_exp(s[j] * scale - lse);
    s[j] = p;
    d[j] = p * (d[j] - delta) * scale;
  }
  for (int64_t j = last; j < n; ++j) s[j] = d[j] = 0.f;
}

struct Block { int64_t row, rows, key, keys; };  // within a run: query rows, and the keys any of them can see

template <class F> void for_each_block(const Run& run, int64_t window, F&& body) {
  for (int64_t row = 0; row < run.length; row += kBlock) {
    int64_t rows = std::min(kBlock, run.length - row);
    int64_t key = window > 0 ? std::max<int64_t>(0, row - window + 1) : 0;
    body(Block{row, rows, key, row + rows - key});
  }
}

// First key row i of a block can see, counted from block.key: a window counts the token itself.
int64_t first_key(const Block& b, int64_t i, int64_t window) {
  return window > 0 ? std::max<int64_t>(0, b.row + i - window + 1) - b.key : 0;
}

double flops(const Tensor& a, const Tensor& b) { return 2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(1)); }

// Blocks are small and run side by side in threads, where ATen's fp32 product is the one that has no threads of its own.
Tensor block_product(const Tensor& a, const Tensor& b) {
  ProductTimer timer(flops(a, b));
  return at::mm(a, b);
}

// into = beta * into + a b
void block_product_into(const Tensor& into, const Tensor& a, const Tensor& b, int beta) {
  ProductTimer timer(flops(a, b));
  into.addmm_(a, b, beta);
}

Tensor head(const Tensor& x_MNH, int64_t n, int64_t start, int64_t rows) { return x_MNH.select(1, n).narrow(0, start, rows); }

}  // namespace

// attention(q_MNH, k_MKH, v_MKH, segments_BT, window (0 none), scale) -> [out_MNH, lse_MN]; zeros at padding;
// out is stored like q
KERNEL(attention) {
  Tensor q = contiguous_float(call.tensor(0)), k = contiguous_float(call.tensor(1)), v = contiguous_float(call.tensor(2));
  auto runs = runs_of(call.tensor(3));
  int64_t window = call.integer(4), heads = q.size(1), group = heads / k.size(1), count = static_cast<int64_t>(runs.size());
  float scale = static_cast<float>(call.number(5));
  Tensor out = at::zeros_like(q), lse = at::zeros({q.size(0), heads}, q.options());
  float* plse = lse.data_ptr<float>();
  for_each_piece(heads * count, [&](int64_t piece) {
    int64_t n = piece / count;
    const Run& run = runs[piece % count];
    for_each_block(run, window, [&](const Block& b) {
      Tensor scores = block_product(head(q, n, run.start + b.row, b.rows), head(k, n / group, run.start + b.key, b.keys).t());
      float* s = scores.data_ptr<float>();
      for (int64_t i = 0; i < b.rows; ++i)
        plse[(run.start + b.row + i) * heads + n] =
            softmax_row(s + i * b.keys, first_key(b, i, window), b.row + i + 1 - b.key, b.keys, scale);
      block_product_into(head(out, n, run.start + b.row, b.rows), scores, head(v, n / group, run.start + b.key, b.keys), 0);
    });
  });
  return call.results({out.to(call.tensor(0).scalar_type()), lse});
}

// attentionGrad(dout, q, k, v, out, lse, segments_BT, window, scale) -> [dq, dk, dv], stored like q
KERNEL(attentionGrad) {
  Tensor dout = contiguous_float(call.tensor(0)), q = contiguous_float(call.tensor(1)), k = contiguous_float(call.tensor(2)),
         v = contiguous_float(call.tensor(3)), out = contiguous_float(call.tensor(4)), lse = contiguous_float(call.tensor(5));
  auto runs = runs_of(call.tensor(6));
  int64_t window = call.integer(7), heads = q.size(1), kv = k.size(1), group = heads / kv, d = q.size(2), tokens = q.size(0);
  int64_t count = static_cast<int64_t>(runs.size());
  float scale = static_cast<float>(call.number(8));
  Tensor dq = at::zeros_like(q);
  // Each query head has its own share of the gradient of keys and values; shares are added in one order afterwards.
  Tensor dk_NMH = at::zeros({heads, tokens, d}, q.options()), dv_NMH = at::zeros({heads, tokens, d}, q.options());
  const float *pl = lse.data_ptr<float>(), *po = out.data_ptr<float>(), *pd = dout.data_ptr<float>();
  for_each_piece(heads * count, [&](int64_t piece) {
    int64_t n = piece / count;
    const Run& run = runs[piece % count];
    for_each_block(run, window, [&](const Block& b) {
      int64_t row = run.start + b.row, key = run.start + b.key;
      Tensor q_block = head(q, n, row, b.rows), k_block = head(k, n / group, key, b.keys), v_block = head(v, n / group, key, b.keys);
      Tensor dout_block = head(dout, n, row, b.rows);
      Tensor p = block_product(q_block, k_block.t()), dp = block_product(dout_block, v_block.t());
      float *s = p.data_ptr<float>(), *g = dp.data_ptr<float>();
      for (int64_t i = 0; i < b.rows; ++i) {
        int64_t at = (row + i) * heads + n;
        softmax_grad_row(s + i * b.keys, g + i * b.keys, pl[at], dot(pd + at * d, po + at * d, d), first_key(b, i, window),
                         b.row + i + 1 - b.key, b.keys, scale);
      }
      block_product_into(head(dq, n, row, b.rows), dp, k_block, 0);
      block_product_into(dk_NMH.select(0, n).narrow(0, key, b.keys), dp.t(), q_block, 1);
      block_product_into(dv_NMH.select(0, n).narrow(0, key, b.keys), p.t(), dout_block, 1);
    });
  });
  auto fold = [&](const Tensor& x) { return x.view({kv, group, tokens, d}).sum(1).transpose(0, 1).contiguous(); };
  auto type = call.tensor(1).scalar_type();
  return call.results({dq.to(type), fold(dk_NMH).to(type), fold(dv_NMH).to(type)});
}

}  // namespace isogloss
