// Creating, reading, reshaping, slicing and gathering. Views share storage with what they view.
#include "isogloss.h"

#include <cstring>
#include <stdexcept>
#include <string>

namespace isogloss {
namespace {
at::ScalarType array_type(napi_typedarray_type type) {
  switch (type) {
    case napi_float32_array: return at::kFloat;
    case napi_float64_array: return at::kDouble;
    case napi_int32_array: return at::kInt;
    case napi_uint8_array:
    case napi_uint8_clamped_array: return at::kByte;
    case napi_uint16_array: return at::kShort;  // raw 16-bit floats
    default: TORCH_CHECK(false, "typed arrays of this kind cannot become a tensor");
  }
}

// A run of a tensor's elements and the raw bytes of a file that go with it: arguments 0 to 3 of writeBytes, readBytes.
struct Piece { Tensor elements; at::ScalarType type; Call::Bytes bytes; };
Piece piece_of(Call& call, const char* kernel, const Tensor& flat) {
  auto type = scalar_type(call.integer(2));
  auto bytes = call.bytes(3);
  int64_t first = static_cast<int64_t>(call.number(1)), n = static_cast<int64_t>(bytes.length) / c10::elementSize(type);
  TORCH_CHECK(first >= 0 && first + n <= flat.numel() && n * c10::elementSize(type) == bytes.length, kernel, ": ", bytes.length,
              " bytes at element ", first, " of ", flat.numel());
  return {flat.narrow(0, first, n), type, bytes};
}
}  // namespace

// create(typed array, dtype code): shape in scratch. A Uint16Array holds the bits of bf16 or f16.
KERNEL(create) {
  auto bytes = call.bytes(0);
  auto shape = shape_in_scratch();
  auto target = scalar_type(call.integer(1));
  auto source = array_type(bytes.type);
  if (source == at::kShort) source = target;
  int64_t elements = 1;
  for (int64_t s : shape) elements *= s;
  TORCH_CHECK(static_cast<int64_t>(bytes.length) == elements, "create: ", bytes.length, " values for a shape of ", elements);
  Tensor view = at::from_blob(bytes.data, shape, at::TensorOptions().dtype(source));
  return call.result(view.to(on_device(target), /*non_blocking=*/false, /*copy=*/true));
}

// empty(dtype code): values unset; shape in scratch.
KERNEL(empty) { return call.result(at::empty(shape_in_scratch(), on_device(scalar_type(call.integer(0))))); }

// writeBytes(a, first element, file dtype code, Uint8Array): a run of a's elements from the raw little-endian values of a
// file, so that a tensor is read in pieces and never lies in memory twice.
KERNEL(writeBytes) {
  auto [elements, type, bytes] = piece_of(call, "writeBytes", call.tensor(0).view({-1}));
  int64_t n = elements.numel();
  if (n == 0) return call.nothing();
  bool aligned = reinterpret_cast<uintptr_t>(bytes.data) % c10::elementSize(type) == 0;
  Tensor raw = aligned ? at::from_blob(bytes.data, {n}, at::TensorOptions().dtype(type)) : at::empty({n}, type);
  if (!aligned) std::memcpy(raw.data_ptr(), bytes.data, bytes.length);
  elements.copy_(raw);
  return call.nothing();
}

// read(a, typed array of as many values): values converted to the array's type.
KERNEL(read) {
  auto bytes = call.bytes(1);
  const Tensor& t = call.tensor(0);
  TORCH_CHECK(static_cast<int64_t>(bytes.length) == t.numel(), "read: ", bytes.length, " places for ", t.numel(), " values");
  if (bytes.length) at::from_blob(bytes.data, t.sizes(), at::TensorOptions().dtype(array_type(bytes.type))).copy_(t);
  return call.nothing();
}

// readBytes(a, first element, file dtype code, Uint8Array): the other way.
KERNEL(readBytes) {
  auto [elements, type, bytes] = piece_of(call, "readBytes", call.tensor(0).reshape({-1}));
  Tensor piece = elements.to(at::kCPU, type).contiguous();
  if (bytes.length > 0) std::memcpy(bytes.data, piece.data_ptr(), bytes.length);
  return call.nothing();
}

// label(a, text): what the tensor is to a reader, for the message of an allocation that fails.
KERNEL(label) { set_label(call.integer(0), call.text(1)); return call.nothing(); }
KERNEL(free) { free_slot(call.integer(0)); return call.nothing(); }
KERNEL(storage) { return call.value(type_code(call.tensor(0).scalar_type())); }
// copyInto(target, source): the values of `source`, converted to the storage of `target`, in place.
KERNEL(copyInto) { call.tensor(0).copy_(call.tensor(1)); return call.nothing(); }
KERNEL(zeroInPlace) { call.tensor(0).zero_(); return call.nothing(); }
KERNEL(addInPlace) { call.tensor(0).add_(call.tensor(1)); return call.nothing(); }
KERNEL(copy) { return call.result(call.tensor(0).clone()); }

KERNEL(reshape) { return call.result(call.tensor(0).reshape(shape_in_scratch())); }
KERNEL(transpose) { return call.result(call.tensor(0).permute(shape_in_scratch())); }
KERNEL(broadcastTo) { return call.result(call.tensor(0).expand(shape_in_scratch())); }
KERNEL(tile) { return call.result(call.tensor(0).repeat(shape_in_scratch())); }
KERNEL(fill) { return call.result(at::full(shape_in_scratch(), call.number(0), on_device(scalar_type(call.integer(1))))); }
KERNEL(reverse) { return call.result(at::flip(call.tensor(0), shape_in_scratch())); }

// cast(a, code): float to int truncates, anything to bool is != 0, as in TensorFlow.js.
KERNEL(cast) {
  const Tensor& x = call.tensor(0);
  Tensor r = x.to(scalar_type(call.integer(1)));
  return call.result(r.is_same(x) ? x.alias() : r);
}

// slice(a): scratch holds rank, begin..., size...; strides from a third run where `strided` is set.
KERNEL(slice) {
  Tensor r = call.tensor(0);
  int rank = scratch[0];
  bool strided = call.integer(1) != 0;
  for (int i = 0; i < rank; ++i) {
    int64_t begin = scratch[1 + i], size = scratch[1 + rank + i], stride = strided ? scratch[1 + 2 * rank + i] : 1;
    r = stride == 1 ? r.narrow(i, begin, size) : r.slice(i, begin, begin + (size - 1) * stride + 1, stride);
  }
  return call.result(r);
}

// concat(axis): handles in scratch as count, handle...
KERNEL(concat) {
  std::vector<Tensor> parts;
  for (int i = 0; i < scratch[0]; ++i) parts.push_back(at_slot(scratch[1 + i]));
  return call.result(at::cat(parts, call.integer(0)));
}

// pad(a, value): scratch holds rank, then before and after of each axis.
KERNEL(pad) {
  std::vector<int64_t> widths;
  for (int i = scratch[0] - 1; i >= 0; --i) { widths.push_back(scratch[1 + 2 * i]); widths.push_back(scratch[2 + 2 * i]); }
  return call.result(at::constant_pad_nd(call.tensor(0), widths, call.number(1)));
}

// gather(x, indices, axis, batch dims): indices outside the axis throw.
KERNEL(gather) {
  const Tensor &x = call.tensor(0), &indices = call.tensor(1);
  int64_t axis = call.integer(2), batch = call.integer(3);
  auto rows = [&](const Tensor& values, const Tensor& ids, int64_t dim) {
    Tensor flat = ids.reshape({-1}).to(at::kInt);
    try {
      return at::index_select(values, dim, flat);
    } catch (const c10::Error&) {
      // Only now look for the index that is outside: libtorch does not say which, TensorFlow.js does.
      Tensor outside = at::masked_select(flat, at::logical_or(flat < 0, flat >= values.size(dim)));
      if (outside.numel() == 0) throw;
      throw std::out_of_range("GatherV2: the index value " + std::to_string(outside[0].item<int32_t>()) + " is not in [0, " +
                              std::to_string(values.size(dim) - 1) + "]");
    }
  };
  std::vector<int64_t> shape(x.sizes().begin(), x.sizes().begin() + axis);
  shape.insert(shape.end(), indices.sizes().begin() + batch, indices.sizes().end());
  shape.insert(shape.end(), x.sizes().begin() + axis + 1, x.sizes().end());
  if (batch == 0) return call.result(rows(x, indices, axis).reshape(shape));
  Tensor values = x.flatten(0, batch - 1), ids = indices.flatten(0, batch - 1);
  std::vector<Tensor> parts;
  for (int64_t b = 0; b < values.size(0); ++b) parts.push_back(rows(values[b], ids[b], axis - batch));
  return call.result(at::stack(parts).reshape(shape));
}

// embedding(table, ids, factor, dtype code): rows of the table times the factor, rounded once to the storage asked for
KERNEL(embedding) {
  Tensor rows = at::index_select(call.tensor(0), 0, call.tensor(1).reshape({-1}).to(at::kLong)).to(at::kFloat);
  return call.result(rows.mul_(call.number(2)).to(scalar_type(call.integer(3))));
}

// unsortedSegmentSum(x, ids, number): rows with a negative id are dropped, as in TensorFlow.js.
KERNEL(unsortedSegmentSum) {
  Tensor x = call.tensor(0), ids = call.tensor(1).reshape({-1}).to(at::kLong);
  int64_t number = call.integer(2), rank = call.tensor(1).dim();
  std::vector<int64_t> rest(x.sizes().begin() + rank, x.sizes().end()), rows = rest, shape = rest;
  rows.insert(rows.begin(), ids.numel());
  shape.insert(shape.begin(), number);
  x = x.reshape(rows);
  if (ids.numel() && (ids.min().item<int64_t>() < 0)) {
    Tensor kept = at::nonzero(ids >= 0).reshape({-1});
    ids = ids.index_select(0, kept);
    x = x.index_select(0, kept);
  }
  Tensor out = at::zeros(shape, x.options());
  out.index_add_(0, ids, x);
  return call.result(out);
}

// scatterRows(rows, ids, into): into[ids[i]] += rows[i], in order (deterministic), fp32.
KERNEL(scatterRows) {
  Tensor rows = contiguous_float(call.tensor(0)), ids = call.tensor(1).reshape({-1}).to(at::kLong).contiguous();
  Tensor& into = call.tensor(2);
  rows = rows.reshape({ids.numel(), -1});
  if (!into.device().is_cpu() || !into.is_contiguous()) { into.index_add_(0, ids, rows); return call.nothing(); }
  int64_t width = rows.size(1), count = into.size(0);
  auto* target = into.data_ptr<float>();
  auto* source = rows.data_ptr<float>();
  auto* id = ids.data_ptr<int64_t>();
  for (int64_t i = 0; i < ids.numel(); ++i) TORCH_CHECK(id[i] >= 0 && id[i] < count, "id ", id[i], " outside the table of ", count, " rows");
  // Split by column, so that two rows with one id never meet in two threads.
  at::parallel_for(0, width, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < ids.numel(); ++i)
      for (int64_t j = begin; j < end; ++j) target[id[i] * width + j] += source[i * width + j];
  });
  return call.nothing();
}

// oneHot(indices, depth, on, off, dtype code)
KERNEL(oneHot) {
  const Tensor& ix = call.tensor(0);
  Tensor hit = ix.unsqueeze(-1) == at::arange(call.integer(1), ix.options().dtype(at::kInt));
  return call.result(at::where(hit, call.number(2), call.number(3)).to(scalar_type(call.integer(4))));
}

// range(start, step, number of values, dtype code)
KERNEL(range) {
  auto type = scalar_type(call.integer(3));
  Tensor i = at::arange(call.integer(2), on_device(at::kDouble));
  return call.result((i * call.number(1) + call.number(0)).to(type));
}

}  // namespace isogloss
