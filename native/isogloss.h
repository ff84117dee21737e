// The frame every kernel stands in: a table of tensors that JavaScript names by integer handles, a call object
// that reads arguments, and a registry that turns each KERNEL(name) into a function of the addon.
// native/README.md shows how a kernel is added.
#ifndef ISOGLOSS_H
#define ISOGLOSS_H
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#define NAPI_VERSION 8
#include <node_api.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace isogloss {

using at::Tensor;

// Storage types as JavaScript names them (src/backend/torch/addon.ts keeps the same order).
at::ScalarType scalar_type(int code);
int type_code(at::ScalarType type);

// The slot table. A handle stays valid until it is freed; using a freed one throws.
int32_t put(Tensor tensor);
Tensor& at_slot(int32_t handle);
void free_slot(int32_t handle);
int64_t live_slots();
void set_label(int32_t handle, std::string text);
// The tensors that hold the most memory, as text: "gradient of norm.weight [640] float32, 2.6 kB; ...".
std::string largest_holders(size_t most);
std::string bytes_text(double bytes);

// The Int32Array shared with JavaScript. [0..] carries one shape as rank, dims...; results with several tensors
// leave their handles from RESULTS on.
extern int32_t* scratch;
constexpr int RESULTS = 128;
constexpr int SCRATCH_LENGTH = 4096;

struct Call {
  napi_env env;
  napi_value values[16];
  size_t count = 16;

  int32_t integer(int k) const;
  double number(int k) const;
  Tensor& tensor(int k) const { return at_slot(integer(k)); }
  // A tensor that may be left out: JavaScript passes -1.
  Tensor optional(int k) const { return integer(k) < 0 ? Tensor() : at_slot(integer(k)); }
  std::string text(int k) const;
  // The bytes behind a typed array.
  struct Bytes { void* data; size_t length; napi_typedarray_type type; };
  Bytes bytes(int k) const;

  napi_value result(Tensor tensor) const;                           // its handle; its shape in scratch
  napi_value results(std::initializer_list<Tensor> tensors) const;  // handles in scratch[RESULTS..]
  napi_value value(double x) const;
  napi_value value(const std::string& x) const;
  napi_value nothing() const { return nullptr; }
};

std::vector<int64_t> shape_in_scratch(int offset = 0);

using Kernel = napi_value (*)(Call&);
struct Register { Register(const char* name, Kernel kernel); };
#define KERNEL(name)                                                      \
  static napi_value kernel_##name(Call& call);                            \
  static const Register register_##name(#name, kernel_##name);            \
  static napi_value kernel_##name([[maybe_unused]] Call& call)

// Where new tensors are put: the CPU, or one GPU.
at::Device device();
inline at::TensorOptions on_device(at::ScalarType type) { return at::TensorOptions().dtype(type).device(device()); }

// matmul.cc: every product of matrices goes through these, so that the compute type and the library are chosen in
// one place. The result is stored like the first operand.
enum class ComputeType { kFloat32, kBFloat16 };
enum class MatmulLibrary { kAten, kOneDnn, kOpenBlas };
ComputeType compute_type();
Tensor product(const Tensor& a, const Tensor& b);                         // [.., M, K] x [.., K, N]
Tensor linear_product(const Tensor& x_MK, const Tensor& weight_NK);       // x W^T
void add_product(const Tensor& into, const Tensor& a, const Tensor& b);   // into += a b; `into` is fp32

// small_product.cc: x W^T for at most kSmallRows rows, at the speed of reading W as it is stored. x is fp32 by then.
constexpr int64_t kSmallRows = 8;
bool is_small_product(const Tensor& x, const Tensor& weight);
Tensor small_product(const Tensor& x, const Tensor& weight);

// One source, compiled for every x86 level and chosen when the addon is loaded; elsewhere an ordinary function. NaN is
// honoured: damaged weights must show in a loss. Without that, fast-math also takes reciprocals and roots from the CPU's
// tables, which on AVX2 know no denormal numbers: AdamW's root of a second moment of 1e-39 was infinite, the weight NaN.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VECTOR_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), optimize("O3", "fast-math", "no-finite-math-only")))
#else
#define VECTOR_CLONES
#endif

// Runs body(begin, end) over [0, n); in parallel when there are at least as many pieces as threads, otherwise in
// order, leaving the threads to the matrix products inside.
template <class F> void for_each_piece(int64_t n, F&& body) {
  if (n >= at::get_num_threads() && !at::in_parallel_region()) {
    at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
      at::NoGradGuard guard;
      for (int64_t i = begin; i < end; ++i) body(i);
    });
  } else {
    for (int64_t i = 0; i < n; ++i) body(i);
  }
}

inline Tensor contiguous_float(const Tensor& x) { return x.to(at::kFloat).contiguous(); }

}  // namespace isogloss

#endif
