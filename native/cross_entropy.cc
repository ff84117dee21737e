// Linear layer and cross-entropy in one: the logits of all rows are never whole. Rows are taken in chunks whose logits
// fit a budget; within a chunk the vocabulary is taken in tiles. A first pass leaves each tile's logits and a running
// log-sum-exp, a second turns them into gradients, so that the unembedding is multiplied three times and no more.
//
// Shapes: n rows of a chunk, R rows with a target, D model, V vocabulary.
#include "isogloss.h"

#include <cmath>

namespace isogloss {
namespace {

#include "fast_exp.h"

constexpr int64_t kBudget = int64_t{256} << 20;  // bytes of logits held at once
constexpr int64_t kTile = 4096;                  // vocabulary entries of one product: its logits stay in cache
constexpr int64_t kLeastRows = 32;

struct Online { float top, sum; };

VECTOR_CLONES Online fold_row(const float* x, int64_t n, Online so_far) {
  float top = largest(x, n, so_far.top);
  float sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += fast_exp(x[j] - top);
  return {top, so_far.sum * fast_exp(so_far.top - top) + sum};
}

VECTOR_CLONES void probability_row(float* x, int64_t n, float lse, float weight) {
  for (int64_t j = 0; j < n; ++j) x[j] = fast_exp(x[j] - lse) * weight;
}

struct Problem {
  Tensor h, weight, labels, weights;
  int64_t vocabulary;
  Tensor dh, dw, nll, margin;  // dh and dw undefined where they are not wanted; dw is added to
};

// Rows [r, r + n) on the CPU; returns their part of the loss.
double chunk_on_cpu(const Problem& p, int64_t r, int64_t n) {
  const int32_t* label = p.labels.data_ptr<int32_t>() + r;
  const float* scale = p.weights.data_ptr<float>() + r;
  float *losses = p.nll.data_ptr<float>() + r, *margins = p.margin.data_ptr<float>() + r;
  Tensor h_chunk = p.h.narrow(0, r, n);
  std::vector<Tensor> tiles;
  std::vector<Online> online(n, {-1e30f, 0.f});
  std::vector<float> hit(n);
  for (int64_t v = 0; v < p.vocabulary; v += kTile) {
    int64_t width = std::min(kTile, p.vocabulary - v);
    Tensor logits = linear_product(h_chunk, p.weight.narrow(0, v, width)).contiguous();
    const float* x = logits.data_ptr<float>();
    at::parallel_for(0, n, 8, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        online[i] = fold_row(x + i * width, width, online[i]);
        int64_t l = label[i] - v;
        if (l >= 0 && l < width) hit[i] = x[i * width + l];
      }
    });
    if (p.dh.defined() || p.dw.defined()) tiles.push_back(std::move(logits));
  }
  double loss = 0;
  for (int64_t i = 0; i < n; ++i) {
    float lse = online[i].top + std::log(online[i].sum);
    losses[i] = lse - hit[i];
    margins[i] = hit[i] - online[i].top;
    online[i].top = lse;
    loss += static_cast<double>(lse - hit[i]) * scale[i];
  }
  for (size_t t = 0; t < tiles.size(); ++t) {
    int64_t v = static_cast<int64_t>(t) * kTile, width = tiles[t].size(1);
    float* x = tiles[t].data_ptr<float>();
    at::parallel_for(0, n, 8, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        probability_row(x + i * width, width, online[i].top, scale[i]);
        int64_t l = label[i] - v;
        if (l >= 0 && l < width) x[i * width + l] -= scale[i];
      }
    });
    if (p.dh.defined()) p.dh.narrow(0, r, n).add_(product(tiles[t], p.weight.narrow(0, v, width)));
    if (p.dw.defined()) add_product(p.dw.narrow(0, v, width), tiles[t].t(), h_chunk);
    tiles[t] = Tensor();
  }
  return loss;
}

// The same with ATen's operations, where a kernel of our own cannot run; the chunk's logits are whole.
double chunk_elsewhere(const Problem& p, int64_t r, int64_t n) {
  Tensor h_chunk = p.h.narrow(0, r, n), used = p.weight.narrow(0, 0, p.vocabulary);
  Tensor ids = p.labels.narrow(0, r, n).to(at::kLong).unsqueeze(1), scale = p.weights.narrow(0, r, n).unsqueeze(1);
  Tensor logits = linear_product(h_chunk, used), lse = at::logsumexp(logits, {1}, true);
  Tensor nll = lse - logits.gather(1, ids);
  p.nll.narrow(0, r, n).copy_(nll.squeeze(1));
  p.margin.narrow(0, r, n).copy_(logits.gather(1, ids).squeeze(1) - logits.amax({1}));
  if (p.dh.defined() || p.dw.defined()) {
    Tensor d = logits.sub_(lse).exp_().mul_(scale).scatter_add_(1, ids, -scale);
    if (p.dh.defined()) p.dh.narrow(0, r, n).copy_(product(d, used));
    if (p.dw.defined()) add_product(p.dw.narrow(0, 0, p.vocabulary), d.t(), h_chunk);
  }
  return (nll * scale).sum().item<double>();
}

}  // namespace

// linearCrossEntropy(h_RD, weight_VD, labels_R, weights_R, entries of V that count, want dh, want dw, dw into or -1)
// -> [sum_r weights_r * -log softmax(h_r W^T)[labels_r], dh (stored like h), dw, -log p of each row, and how far its
// label's logit is below the largest]
KERNEL(linearCrossEntropy) {
  Problem p{contiguous_float(call.tensor(0)), call.tensor(1), call.tensor(2).to(at::kInt).contiguous(), contiguous_float(call.tensor(3)),
            call.integer(4), {}, {}, {}, {}};
  int64_t rows = p.h.size(0);
  Tensor into = call.optional(7);
  p.nll = at::empty({rows}, p.h.options());
  p.margin = at::empty({rows}, p.h.options());
  if (call.integer(5)) p.dh = at::zeros_like(p.h);
  if (call.integer(6)) p.dw = into.defined() ? into : at::zeros(p.weight.sizes(), p.h.options());
  Tensor labels = p.labels.cpu();
  for (int64_t i = 0; i < rows; ++i) {
    int32_t label = labels.data_ptr<int32_t>()[i];
    TORCH_CHECK(label >= 0 && label < p.vocabulary, "label ", label, " outside the vocabulary of ", p.vocabulary);
  }
  int64_t chunk = std::max(kLeastRows, kBudget / (4 * p.vocabulary));
  double loss = 0;
  for (int64_t r = 0; r < rows; r += chunk) {
    int64_t n = std::min(chunk, rows - r);
    loss += p.h.device().is_cpu() ? chunk_on_cpu(p, r, n) : chunk_elsewhere(p, r, n);
  }
  Tensor dh = p.dh.defined() ? p.dh.to(call.tensor(0).scalar_type()) : Tensor();
  return call.results({at::full({}, loss, p.h.options()), dh, into.defined() ? Tensor() : p.dw, p.nll, p.margin});
}

}  // namespace isogloss
