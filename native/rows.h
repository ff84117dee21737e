// Rows stored as fp32 or bf16, read and written as fp32: a fused kernel computes in fp32 on a row at a time, whatever the
// storage. An fp32 row is used where it lies; a bf16 row passes through a buffer that stays in the first-level cache.
#pragma once
#include "isogloss.h"

#include <vector>

namespace isogloss {

// to[0..n) = from[0..n), exactly.
void widen(const uint16_t* from, float* to, int64_t n);
// The nearest bf16, ties to even; NaN stays NaN.
void narrow(const float* from, uint16_t* to, int64_t n);
// One of the two neighbouring bf16, the nearer the likelier: what is lost by rounding is zero on average. The draw for
// element i is a pure function of (key, first + i), so that neither threads nor a resumption change it.
void narrow_stochastically(const float* from, uint16_t* to, int64_t n, uint32_t key, uint64_t first);

// The transpose of a bf16 matrix in memory of its own: x [rows, columns] contiguous, y [columns, rows].
Tensor transposed_bf16(const Tensor& x);

// x itself where it is fp32 or bf16 and contiguous, else a copy that is.
Tensor stored(const Tensor& x);
// An empty tensor stored like `like`.
Tensor empty_stored(at::IntArrayRef shape, const Tensor& like);

// n fp32 values, for loops that do not need them kept.
class Buffer {
 public:
  explicit Buffer(int64_t n) : values_(n) {}
  float* data() { return values_.data(); }

 private:
  std::vector<float> values_;
};

// A contiguous tensor of `stored` seen as values from any offset on.
class Reader {
 public:
  explicit Reader(const Tensor& x) : wide_(x.scalar_type() == at::kFloat), data_(static_cast<const char*>(x.data_ptr())) {}
  // The n values from `offset` on; `buffer` is used if they are bf16.
  const float* at(int64_t offset, int64_t n, float* buffer) const {
    if (wide_) return reinterpret_cast<const float*>(data_) + offset;
    widen(reinterpret_cast<const uint16_t*>(data_) + offset, buffer, n);
    return buffer;
  }

 private:
  bool wide_;
  const char* data_;
};

class Writer {
 public:
  explicit Writer(const Tensor& x) : wide_(x.scalar_type() == at::kFloat), data_(static_cast<char*>(x.data_ptr())) {}
  // Where to put the values of `offset`; `done` with the same arguments stores them.
  float* at(int64_t offset, float* buffer) const { return wide_ ? reinterpret_cast<float*>(data_) + offset : buffer; }
  void done(int64_t offset, int64_t n, const float* buffer) const {
    if (!wide_) narrow(buffer, reinterpret_cast<uint16_t*>(data_) + offset, n);
  }

 private:
  bool wide_;
  char* data_;
};

}  // namespace isogloss
