// OpenBLAS, if the machine has it: opened at run time, so that nothing depends on it. NumPy's wheels bring one with 64-bit
// integers and names of its own, distributions one with 32-bit integers.
#include "products.h"

#include <dlfcn.h>

namespace isogloss {
namespace {

constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112;  // cblas.h

template <class I> using Sgemm = void (*)(int, int, int, I, I, I, float, const float*, I, const float*, I, float, float*, I);
Sgemm<int64_t> sgemm64 = nullptr;
Sgemm<int32_t> sgemm32 = nullptr;
void (*set_threads)(int) = nullptr;

// A matrix as BLAS sees it: row by row, or the transpose of such a one.
struct Matrix { const float* data; int transposed; int64_t stride; };

bool as_matrix(const Tensor& x, Matrix& m) {
  if (x.stride(1) == 1 && x.stride(0) >= x.size(1)) m = {x.data_ptr<float>(), kNoTrans, x.stride(0)};
  else if (x.stride(0) == 1 && x.stride(1) >= x.size(0)) m = {x.data_ptr<float>(), kTrans, x.stride(1)};
  else return false;
  return true;
}

}  // namespace

bool has_openblas() { return sgemm64 != nullptr || sgemm32 != nullptr; }

bool openblas_into(const Tensor& into, const Tensor& a, const Tensor& b, float beta) {
  Matrix x, y;
  if (into.stride(1) != 1 || !as_matrix(a, x) || !as_matrix(b, y)) return false;
  set_threads(at::get_num_threads());
  int64_t m = a.size(0), n = b.size(1), k = a.size(1), ld = into.stride(0);
  float* out = into.data_ptr<float>();
  if (sgemm64) sgemm64(kRowMajor, x.transposed, y.transposed, m, n, k, 1.f, x.data, x.stride, y.data, y.stride, beta, out, ld);
  else sgemm32(kRowMajor, x.transposed, y.transposed, m, n, k, 1.f, x.data, x.stride, y.data, y.stride, beta, out, ld);
  return true;
}

Tensor openblas_product(const Tensor& a, const Tensor& b) {
  Tensor y = at::empty({a.size(0), b.size(1)}, a.options());
  if (!openblas_into(y, a, b, 0.f)) openblas_into(y, a.contiguous(), b.contiguous(), 0.f);
  return y;
}

// openOpenBlas(path) -> its configuration, or an empty text when there is none behind the path
KERNEL(openOpenBlas) {
  void* lib = dlopen(call.text(0).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (lib == nullptr) return call.value(std::string());
  auto symbol = [&](std::initializer_list<const char*> names) -> void* {
    for (const char* name : names) if (void* found = dlsym(lib, name)) return found;
    return nullptr;
  };
  sgemm64 = reinterpret_cast<Sgemm<int64_t>>(symbol({"scipy_cblas_sgemm64_", "cblas_sgemm64_"}));
  if (!sgemm64) sgemm32 = reinterpret_cast<Sgemm<int32_t>>(symbol({"cblas_sgemm", "scipy_cblas_sgemm"}));
  set_threads = reinterpret_cast<void (*)(int)>(
      symbol({"scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads", "scipy_openblas_set_num_threads"}));
  auto config = reinterpret_cast<const char* (*)()>(
      symbol({"scipy_openblas_get_config64_", "openblas_get_config64_", "openblas_get_config", "scipy_openblas_get_config"}));
  // Some old builds compute wrong results on processors newer than they are: one is believed once it has shown its work.
  auto agrees = [] {
    Tensor a = at::arange(96 * 130, at::kFloat).remainder(7).view({96, 130}), b = at::arange(70 * 130, at::kFloat).remainder(5).view({70, 130});
    return at::equal(openblas_product(a, b.t()), at::mm(a, b.t()));  // small integers: exact in any order
  };
  if (!has_openblas() || !set_threads || !config || !agrees()) {
    sgemm64 = nullptr;
    sgemm32 = nullptr;
    return call.value(std::string());
  }
  return call.value(std::string(config()));
}

}  // namespace isogloss
