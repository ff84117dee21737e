// Causal attention over packed sequences: grouped query heads without expanding keys and values, an optional sliding
// window, and no attention across segments, but for those that go on from another: a segment sees all of its parent, the
// parent's parent and so on, as if it stood right behind them. So what several continuations share is computed once.
// fp32. Only the blocks that a query can see are computed, and the backward pass takes the probabilities again from the
// saved log-sum-exp instead of keeping them.
//
// Shapes: M tokens (all rows of a batch, one after the other), N query heads, K key/value heads, H head dim.
#include "products.h"

#include <cmath>
#include <unordered_map>

namespace isogloss {
namespace {

#include "fast_exp.h"
#include "row_math.h"

constexpr int64_t kBlock = 64;  // query rows whose scores are held at once

struct Span { int64_t start, length; };

// A stretch of tokens of one segment, and what it goes on from, oldest first.
struct Run : Span {
  std::vector<Span> before;
  int64_t offset = 0;  // tokens of `before`
};

// Runs that see parts of each other, parents first: their gradients are added up in this order, by one thread.
using Tree = std::vector<Run>;

// Neighbouring tokens of one batch row with the same segment id belong together; id 0 is padding and in no run.
// parents[id] is the id, in the same row, of what a segment goes on from; 0 for nothing.
std::vector<Tree> trees_of(const Tensor& segments_BT, const Call::Bytes& parents) {
  Tensor ids = segments_BT.to(at::kInt).contiguous();
  const int32_t* id = ids.data_ptr<int32_t>();
  const int32_t* parent = static_cast<const int32_t*>(parents.data);
  int64_t rows = ids.size(0), width = ids.size(1), known = static_cast<int64_t>(parents.length);
  std::vector<Tree> trees;
  for (int64_t b = 0; b < rows; ++b) {
    std::unordered_map<int32_t, std::pair<size_t, size_t>> places;  // of an id's run: tree, and place in it
    for (int64_t t = 0; t < width;) {
      int64_t end = t + 1;
      int32_t own = id[b * width + t];
      while (end < width && id[b * width + end] == own) ++end;
      if (own != 0) {
        Run run{{b * width + t, end - t}, {}, 0};
        int32_t of = own < known ? parent[own] : 0;
        if (of == 0) {
          if (known > 0) places[own] = {trees.size(), 0};
          trees.push_back({std::move(run)});
        } else {
          auto found = places.find(of);
          TORCH_CHECK(found != places.end(), "attention: segment ", own, " comes before the segment ", of, " that it goes on from");
          Tree& tree = trees[found->second.first];
          const Run& above = tree[found->second.second];
          run.before = above.before;
          run.before.push_back(above);
          run.offset = above.offset + above.length;
          places[own] = {found->second.first, tree.size()};
          tree.push_back(std::move(run));
        }
      }
      t = end;
    }
  }
  return trees;
}

// Softmax of scale * s over [first, last), zero elsewhere in [0, n); returns the log-sum-exp.
VECTOR_CLONES float softmax_row(float* s, int64_t first, int64_t last, int64_t n, float scale) {
  float top = largest(s + first, last - first, s[first]);
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

// Query rows within a run, and the keys any of them can see, counted from the first one that the run sees at all.
struct Block { int64_t row, rows, at, key, keys; };

template <class F> void for_each_block(const Run& run, int64_t window, F&& body) {
  for (int64_t row = 0; row < run.length; row += kBlock) {
    int64_t rows = std::min(kBlock, run.length - row);
    int64_t at = run.offset + row;  // how many keys there are before the block's first row
    int64_t key = window > 0 ? std::max<int64_t>(0, at - window + 1) : 0;
    body(Block{row, rows, at, key, at + rows - key});
  }
}

// First key row i of a block can see, counted from block.key: a window counts the token itself.
int64_t first_key(const Block& b, int64_t i, int64_t window) {
  return window > 0 ? std::max<int64_t>(0, b.at + i - window + 1) - b.key : 0;
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

// One head of all that a run sees, in order: a view, unless it goes on from others.
Tensor seen(const Tensor& x_MKH, int64_t n, const Run& run) {
  Tensor own = head(x_MKH, n, run.start, run.length);
  if (run.before.empty()) return own;
  std::vector<Tensor> parts;
  for (const Span& span : run.before) parts.push_back(head(x_MKH, n, span.start, span.length));
  parts.push_back(own);
  return at::cat(parts);
}

// Adds rows of a gradient to the runs that they are of.
void add_seen(const Tensor& into_MH, const Tensor& rows, const Run& run) {
  int64_t at = 0;
  for (const Span& span : run.before) {
    into_MH.narrow(0, span.start, span.length).add_(rows.narrow(0, at, span.length));
    at += span.length;
  }
  into_MH.narrow(0, run.start, run.length).add_(rows.narrow(0, at, run.length));
}

}  // namespace

// attention(q_MNH, k_MKH, v_MKH, segments_BT, window (0 none), scale, parents) -> [out_MNH, lse_MN]; zeros at padding;
// out is stored like q
KERNEL(attention) {
  Tensor q = contiguous_float(call.tensor(0)), k = contiguous_float(call.tensor(1)), v = contiguous_float(call.tensor(2));
  auto trees = trees_of(call.tensor(3), call.bytes(6));
  std::vector<const Run*> runs;
  for (const Tree& tree : trees)
    for (const Run& run : tree) runs.push_back(&run);
  int64_t window = call.integer(4), heads = q.size(1), group = heads / k.size(1), count = static_cast<int64_t>(runs.size());
  float scale = static_cast<float>(call.number(5));
  Tensor out = at::zeros_like(q), lse = at::zeros({q.size(0), heads}, q.options());
  float* plse = lse.data_ptr<float>();
  for_each_piece(heads * count, [&](int64_t piece) {
    int64_t n = piece / count;
    const Run& run = *runs[piece % count];
    Tensor k_seen = seen(k, n / group, run), v_seen = seen(v, n / group, run);
    for_each_block(run, window, [&](const Block& b) {
      Tensor scores = block_product(head(q, n, run.start + b.row, b.rows), k_seen.narrow(0, b.key, b.keys).t());
      float* s = scores.data_ptr<float>();
      for (int64_t i = 0; i < b.rows; ++i)
        plse[(run.start + b.row + i) * heads + n] =
            softmax_row(s + i * b.keys, first_key(b, i, window), b.at + i + 1 - b.key, b.keys, scale);
      block_product_into(head(out, n, run.start + b.row, b.rows), scores, v_seen.narrow(0, b.key, b.keys), 0);
    });
  });
  return call.results({out.to(call.tensor(0).scalar_type()), lse});
}

// attentionGrad(dout, q, k, v, out, lse, segments_BT, window, scale, parents) -> [dq, dk, dv], stored like q
KERNEL(attentionGrad) {
  Tensor dout = contiguous_float(call.tensor(0)), q = contiguous_float(call.tensor(1)), k = contiguous_float(call.tensor(2)),
         v = contiguous_float(call.tensor(3)), out = contiguous_float(call.tensor(4)), lse = contiguous_float(call.tensor(5));
  auto trees = trees_of(call.tensor(6), call.bytes(9));
  int64_t window = call.integer(7), heads = q.size(1), kv = k.size(1), group = heads / kv, d = q.size(2), tokens = q.size(0);
  int64_t count = static_cast<int64_t>(trees.size());
  float scale = static_cast<float>(call.number(8));
  Tensor dq = at::zeros_like(q);
  // Each query head has its own share of the gradient of keys and values; shares are added in one order afterwards.
  Tensor dk_NMH = at::zeros({heads, tokens, d}, q.options()), dv_NMH = at::zeros({heads, tokens, d}, q.options());
  const float *pl = lse.data_ptr<float>(), *po = out.data_ptr<float>(), *pd = dout.data_ptr<float>();
  for_each_piece(heads * count, [&](int64_t piece) {
    int64_t n = piece / count;
    Tensor dk = dk_NMH.select(0, n), dv = dv_NMH.select(0, n);
    for (const Run& run : trees[piece % count]) {
      bool alone = run.before.empty();
      Tensor k_seen = seen(k, n / group, run), v_seen = seen(v, n / group, run);
      // What goes on from nothing adds to its rows in place.
      Tensor dk_seen = alone ? dk.narrow(0, run.start, run.length) : at::zeros(k_seen.sizes(), q.options());
      Tensor dv_seen = alone ? dv.narrow(0, run.start, run.length) : at::zeros(v_seen.sizes(), q.options());
      for_each_block(run, window, [&](const Block& b) {
        int64_t row = run.start + b.row;
        Tensor q_block = head(q, n, row, b.rows), k_block = k_seen.narrow(0, b.key, b.keys), v_block = v_seen.narrow(0, b.key, b.keys);
        Tensor dout_block = head(dout, n, row, b.rows);
        Tensor p = block_product(q_block, k_block.t()), dp = block_product(dout_block, v_block.t());
        float *s = p.data_ptr<float>(), *g = dp.data_ptr<float>();
        for (int64_t i = 0; i < b.rows; ++i) {
          int64_t at = (row + i) * heads + n;
          softmax_grad_row(s + i * b.keys, g + i * b.keys, pl[at], dot(pd + at * d, po + at * d, d), first_key(b, i, window),
                           b.at + i + 1 - b.key, b.keys, scale);
        }
        block_product_into(head(dq, n, row, b.rows), dp, k_block, 0);
        block_product_into(dk_seen.narrow(0, b.key, b.keys), dp.t(), q_block, 1);
        block_product_into(dv_seen.narrow(0, b.key, b.keys), p.t(), dout_block, 1);
      });
      if (alone) continue;
      add_seen(dk, dk_seen, run);
      add_seen(dv, dv_seen, run);
    }
  });
  auto fold = [&](const Tensor& x) { return x.view({kv, group, tokens, d}).sum(1).transpose(0, 1).contiguous(); };
  auto type = call.tensor(1).scalar_type();
  return call.results({dq.to(type), fold(dk_NMH).to(type), fold(dv_NMH).to(type)});
}

}  // namespace isogloss
