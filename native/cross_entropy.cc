// Linear layer and cross-entropy in one: the logits of all rows are never whole. Rows are taken in chunks whose logits
// fit a budget; within a chunk the vocabulary is taken in tiles. A first pass leaves each tile's logits and a running
// log-sum-exp, a second turns them into gradients, so that the unembedding is multiplied three times and no more.
//
// Shapes: R rows with a target, D model, V vocabulary.
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
  float top = so_far.top;
  for (int64_t j = 0; j < n; ++j) top = x[j] > top ? x[j] : top;
  float sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += fast_exp(x[j] - top);
  return {top, so_far.sum * fast_exp(so_far.top - top) + sum};
}

VECTOR_CLONES void probability_row(float* x, int64_t n, float lse, float weight) {
  for (int64_t j = 0; j < n; ++j) x[j] = fast_exp(x[j] - lse) * weight;
}

}  // namespace

// linearCrossEntropy(h_RD, weight_VD, labels_R, weights_R, entries of V that count, want dh, want dw, dw into or -1)
// -> [sum_r weights_r * -log softmax(h_r W^T)[labels_r], dh, dw, -log p of each row]
KERNEL(linearCrossEntropy) {
  Tensor h = contiguous_float(call.tensor(0)), weight = call.tensor(1), labels = call.tensor(2).to(at::kInt).contiguous(),
         weights = contiguous_float(call.tensor(3));
  int64_t rows = h.size(0), vocabulary = call.integer(4);
  bool want_h = call.integer(5) != 0, want_w = call.integer(6) != 0;
  Tensor into = call.optional(7), dh, dw, nll = at::empty({rows}, h.options());
  if (want_h) dh = at::zeros_like(h);
  if (want_w && !into.defined()) into = dw = at::zeros({weight.size(0), h.size(1)}, h.options());
  const int32_t* label = labels.data_ptr<int32_t>();
  const float* scale = weights.data_ptr<float>();
  float* losses = nll.data_ptr<float>();
  for (int64_t i = 0; i < rows; ++i) TORCH_CHECK(label[i] >= 0 && label[i] < vocabulary, "label ", label[i], " outside the vocabulary of ", vocabulary);

  int64_t chunk = std::max(kLeastRows, kBudget / (4 * vocabulary));
  double loss = 0;
  for (int64_t r = 0; r < rows; r += chunk) {
    int64_t n = std::min(chunk, rows - r);
    Tensor h_chunk = h.narrow(0, r, n);
    std::vector<Tensor> tiles;
    std::vector<Online> online(n, {-1e30f, 0.f});
    std::vector<float> hit(n);
    for (int64_t v = 0; v < vocabulary; v += kTile) {
      int64_t width = std::min(kTile, vocabulary - v);
      Tensor logits = linear_product(h_chunk, weight.narrow(0, v, width)).contiguous();
      const float* x = logits.data_ptr<float>();
      at::parallel_for(0, n, 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          online[i] = fold_row(x + i * width, width, online[i]);
          int64_t l = label[r + i] - v;
          if (l >= 0 && l < width) hit[i] = x[i * width + l];
        }
      });
      if (want_h || want_w) tiles.push_back(std::move(logits));
    }
    for (int64_t i = 0; i < n; ++i) {
      float lse = online[i].top + std::log(online[i].sum);
      losses[r + i] = lse - hit[i];
      online[i].top = lse;
      loss += static_cast<double>(lse - hit[i]) * scale[r + i];
    }
    for (size_t t = 0; t < tiles.size(); ++t) {
      int64_t v = static_cast<int64_t>(t) * kTile, width = tiles[t].size(1);
      float* x = tiles[t].data_ptr<float>();
      at::parallel_for(0, n, 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          probability_row(x + i * width, width, online[i].top, scale[r + i]);
          int64_t l = label[r + i] - v;
          if (l >= 0 && l < width) x[i * width + l] -= scale[r + i];
        }
      });
      if (want_h) dh.narrow(0, r, n).add_(product(tiles[t], weight.narrow(0, v, width)));
      if (want_w) add_product(into.narrow(0, v, width), tiles[t].t(), h_chunk);
      tiles[t] = Tensor();
    }
  }
  return call.results({at::scalar_tensor(loss, at::kFloat), dh, dw, nll});
}

}  // namespace isogloss
