// Adafactor in place over one parameter, without a first moment (transformers, optimization.py: Adafactor): the second
// moment of a matrix is the outer product of running means over its rows and its columns. fp32 arithmetic and state.
//
// Shapes: R rows, C columns; more than two dimensions are refused, one has a second moment of its own size.
#include "parameter.h"

#include <cmath>

namespace isogloss {
namespace {

constexpr int64_t kRows = 64;      // rows whose column sums are taken together, whatever the number of threads
constexpr int64_t kRun = 1 << 14;  // values whose squares are summed together

VECTOR_CLONES double sum_squares(const float* x, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; i += 1024) {
    float block = 0;
    for (int64_t j = i; j < std::min(n, i + 1024); ++j) block += x[j] * x[j];
    total += block;
  }
  return total;
}

// Adds the squares of a row plus eps to the columns; returns their sum.
VECTOR_CLONES float square_row(const float* g, float scale, float eps, float* columns, int64_t n) {
  float sum = 0;
  for (int64_t j = 0; j < n; ++j) {
    float x = g[j] * scale;
    float u = x * x + eps;
    columns[j] += u;
    sum += u;
  }
  return sum;
}

// u = g * factor[j]; returns the sum of squares of u
VECTOR_CLONES float norm_row(const float* g, const float* factor, float scale, int64_t n) {
  float sum = 0;
  for (int64_t j = 0; j < n; ++j) {
    float u = g[j] * scale * factor[j];
    sum += u * u;
  }
  return sum;
}

VECTOR_CLONES void apply(float* p, const float* g, const float* factor, float scale, float decay, int64_t n) {
  for (int64_t j = 0; j < n; ++j) p[j] = p[j] * decay - g[j] * scale * factor[j];
}

VECTOR_CLONES void fold_second_moment(float* v, const float* g, float scale, float beta, float eps, float* factor, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    float x = g[j] * scale;
    v[j] = beta * v[j] + (1.f - beta) * (x * x + eps);
    factor[j] = 1.f / __builtin_sqrtf(v[j]);
  }
}

// Sum over [0, n) of f(begin, end) taken in pieces, in one order.
template <class F> double sum_in_pieces(int64_t n, int64_t piece, F&& f) {
  int64_t pieces = (n + piece - 1) / piece;
  std::vector<double> partial(pieces);
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) partial[i] = f(i * piece, std::min(n, (i + 1) * piece));
  });
  double total = 0;
  for (double x : partial) total += x;
  return total;
}

struct Settings { double lr, beta, eps, eps_scale, clip, decay, scale; bool scale_parameter; };

// A step changes a parameter to decay * p - size * update.
struct StepSize { float size, decay; };

// lr, times the parameter's root mean square where that is asked for; the update's over max(1, rms(update) / clip).
StepSize step_size(const Settings& s, const Parameter& p, double sum_of_squares) {
  double rms = std::sqrt(sum_of_squares / static_cast<double>(p.size()));
  double lr = s.scale_parameter ? s.lr * std::max(s.eps_scale, p.root_mean_square()) : s.lr;
  return {static_cast<float>(lr / std::max(1.0, rms / s.clip)), static_cast<float>(1.0 - s.decay * lr)};
}

void matrix(const Settings& s, const Parameter& p, const Tensor& g, const Tensor& row, const Tensor& column) {
  int64_t R = g.size(0), C = g.size(1), pieces = (R + kRows - 1) / kRows;
  const float* pg = g.data_ptr<float>();
  float *pr = row.data_ptr<float>(), *pc = column.data_ptr<float>();
  auto beta = static_cast<float>(s.beta), scale = static_cast<float>(s.scale), eps = static_cast<float>(s.eps);
  Tensor partial = at::zeros({pieces, C}, g.options());
  float* pp = partial.data_ptr<float>();
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; ++piece)
      for (int64_t i = piece * kRows; i < std::min(R, (piece + 1) * kRows); ++i) {
        float sum = square_row(pg + i * C, scale, eps, pp + piece * C, C);
        pr[i] = beta * pr[i] + (1.f - beta) * sum / static_cast<float>(C);
      }
  });
  column.mul_(beta).add_(partial.sum(0), (1.f - beta) / static_cast<float>(R));
  Tensor column_factor = column.rsqrt();
  // The mean of the rows' means in fp64: a vocabulary of 262,144 rows loses digits in fp32.
  double mean = row.mean(at::kDouble).item<double>();
  Tensor row_factor = row.div(mean).rsqrt_();
  const float *fc = column_factor.data_ptr<float>(), *fr = row_factor.data_ptr<float>();
  double norm = sum_in_pieces(R, kRows, [&](int64_t begin, int64_t end) {
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) sum += norm_row(pg + i * C, fc, scale * fr[i], C);
    return sum;
  });
  StepSize step = step_size(s, p, norm);
  p.change_on_cpu([&](float* values, int64_t first, int64_t n) {
    for (int64_t done = 0; done < n;) {
      int64_t i = (first + done) / C, j = (first + done) % C, count = std::min(n - done, C - j);
      apply(values + done, pg + i * C + j, fc + j, step.size * scale * fr[i], step.decay, count);
      done += count;
    }
  });
}

void vector(const Settings& s, const Parameter& p, const Tensor& g, const Tensor& second) {
  int64_t n = g.numel();
  const float* pg = g.data_ptr<float>();
  float* pv = second.data_ptr<float>();
  auto beta = static_cast<float>(s.beta), scale = static_cast<float>(s.scale), eps = static_cast<float>(s.eps);
  Tensor factor = at::empty_like(g);
  float* pf = factor.data_ptr<float>();
  double norm = sum_in_pieces(n, kRun, [&](int64_t begin, int64_t end) {
    fold_second_moment(pv + begin, pg + begin, scale, beta, eps, pf + begin, end - begin);
    return static_cast<double>(norm_row(pg + begin, pf + begin, scale, end - begin));
  });
  StepSize step = step_size(s, p, norm);
  p.change_on_cpu([&](float* values, int64_t first, int64_t count) { apply(values, pg + first, pf + first, step.size * scale, step.decay, count); });
}

void elsewhere(const Settings& s, const Parameter& p, const Tensor& gradient, const Tensor& row, const Tensor& column) {
  Tensor g = gradient * s.scale, square = g.square().add_(s.eps), factor;
  if (column.defined()) {
    row.mul_(s.beta).add_(square.mean(-1), 1 - s.beta);
    column.mul_(s.beta).add_(square.mean(-2), 1 - s.beta);
    factor = row.div(row.mean()).rsqrt_().unsqueeze(-1) * column.rsqrt().unsqueeze(-2);
  } else {
    row.mul_(s.beta).add_(square, 1 - s.beta);
    factor = row.rsqrt();
  }
  Tensor update = factor.mul_(g);
  StepSize step = step_size(s, p, update.square().sum().item<double>());
  p.change([&](Tensor& values) { values.mul_(step.decay).sub_(update, step.size); });
}

}  // namespace

double Parameter::root_mean_square() const {
  const Tensor& exact = p_.scalar_type() == at::kFloat || !master_.defined() ? p_ : master_;
  double n = static_cast<double>(size());
  if (!exact.device().is_cpu()) return std::sqrt(exact.to(at::kFloat).square().sum(at::kDouble).item<double>() / n);
  Reader values(exact);
  double sum = sum_in_pieces(size(), kRun, [&](int64_t begin, int64_t end) {
    Buffer buffer(kRun);
    return sum_squares(values.at(begin, end - begin, buffer.data()), end - begin);
  });
  return std::sqrt(sum / n);
}

// adafactor(p, g, second moment (of rows), of columns or -1, master or -1, rounding key, lr, beta2 of this step, eps,
// eps of the parameter scale, clip threshold, weight decay, gradient scale, scale by the parameter)
KERNEL(adafactor) {
  Tensor g = contiguous_float(call.tensor(1)), row = call.tensor(2), column = call.optional(3);
  Parameter p(call.tensor(0), call.optional(4), static_cast<uint32_t>(call.integer(5)));
  Settings s{call.number(6), call.number(7), call.number(8), call.number(9), call.number(10), call.number(11), call.number(12), call.integer(13) != 0};
  TORCH_CHECK(p.size() == g.numel(), "adafactor: sizes differ");
  TORCH_CHECK(column.defined() ? g.dim() == 2 && row.numel() == g.size(0) && column.numel() == g.size(1) : row.numel() == g.numel(),
              "adafactor: the second moment is of another size");
  if (!g.device().is_cpu()) elsewhere(s, p, g, row, column);
  else if (column.defined()) matrix(s, p, g, row, column);
  else vector(s, p, g, row);
  return call.nothing();
}

}  // namespace isogloss
