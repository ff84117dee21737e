#include "rows.h"

namespace isogloss {
namespace {

union Bits { float f; uint32_t i; };

inline __attribute__((always_inline)) uint16_t nearest(float x) {
  Bits b;
  b.f = x;
  uint32_t rounded = (b.i + 0x7fffu + ((b.i >> 16) & 1u)) >> 16;
  uint32_t nan = (b.i >> 16) | 0x40u;  // adding could carry a NaN's payload into infinity
  return static_cast<uint16_t>((b.i & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

VECTOR_CLONES void widen_row(const uint16_t* from, float* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    Bits b;
    b.i = static_cast<uint32_t>(from[i]) << 16;
    to[i] = b.f;
  }
}

VECTOR_CLONES void narrow_row(const float* from, uint16_t* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = nearest(from[i]);
}

// The hash is Mueller's two-round mix of 32 bits: every input bit flips every output bit about half the time.
VECTOR_CLONES void narrow_row_stochastically(const float* from, uint16_t* to, int64_t n, uint32_t key, uint32_t first) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t h = (static_cast<uint32_t>(i) + first) ^ key;
    h = ((h >> 16) ^ h) * 0x45d9f3bu;
    h = ((h >> 16) ^ h) * 0x45d9f3bu;
    h = (h >> 16) ^ h;
    Bits b;
    b.f = from[i];
    bool finite = (b.i & 0x7f800000u) != 0x7f800000u;
    to[i] = finite ? static_cast<uint16_t>((b.i + (h & 0xffffu)) >> 16) : nearest(from[i]);
  }
}

constexpr int64_t kSquare = 32;  // side of the blocks a transpose goes by: two of them fit the first-level cache

VECTOR_CLONES void transpose_block(const uint16_t* x, uint16_t* y, int64_t rows, int64_t columns, int64_t x_stride, int64_t y_stride) {
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = 0; i < rows; ++i) y[j * y_stride + i] = x[i * x_stride + j];
}

}  // namespace

Tensor transposed_bf16(const Tensor& x) {
  int64_t rows = x.size(0), columns = x.size(1), bands = (columns + kSquare - 1) / kSquare;
  Tensor y = at::empty({columns, rows}, x.options());
  const auto* from = static_cast<const uint16_t*>(x.data_ptr());
  auto* to = static_cast<uint16_t*>(y.data_ptr());
  at::parallel_for(0, bands, 1, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin * kSquare; j < std::min(columns, end * kSquare); j += kSquare)
      for (int64_t i = 0; i < rows; i += kSquare)
        transpose_block(from + i * columns + j, to + j * rows + i, std::min(kSquare, rows - i), std::min(kSquare, columns - j), columns, rows);
  });
  return y;
}

void widen(const uint16_t* from, float* to, int64_t n) { widen_row(from, to, n); }
void narrow(const float* from, uint16_t* to, int64_t n) { narrow_row(from, to, n); }
void narrow_stochastically(const float* from, uint16_t* to, int64_t n, uint32_t key, uint64_t first) {
  // Past 2^32 elements the upper half of the index changes the key instead.
  narrow_row_stochastically(from, to, n, key ^ (static_cast<uint32_t>(first >> 32) * 0x9e3779b9u), static_cast<uint32_t>(first));
}

Tensor stored(const Tensor& x) {
  auto type = x.scalar_type();
  return (type == at::kFloat || type == at::kBFloat16 ? x : x.to(at::kFloat)).contiguous();
}

Tensor empty_stored(at::IntArrayRef shape, const Tensor& like) {
  return at::empty(shape, like.options().dtype(like.scalar_type() == at::kBFloat16 ? at::kBFloat16 : at::kFloat));
}

}  // namespace isogloss
