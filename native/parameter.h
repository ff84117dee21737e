// A parameter as an optimizer changes it: in fp32, and written back as it is stored. One stored as bf16 is either the
// rounding of a master copy in fp32, or is rounded stochastically: to the nearest bf16, a step smaller than half its last
// bit would be lost every time (a learning rate of 1e-5 moves no weight at all).
#pragma once
#include "rows.h"

namespace isogloss {

class Parameter {
 public:
  // `master` undefined: stochastic rounding with `key` where the parameter is stored as bf16.
  Parameter(const Tensor& p, const Tensor& master, uint32_t key) : p_(p), master_(master), key_(key) {
    auto type = p.scalar_type();
    TORCH_CHECK((type == at::kFloat || type == at::kBFloat16) && p.is_contiguous(), "a parameter must be fp32 or bf16, and contiguous");
    TORCH_CHECK(!master.defined() || (master.scalar_type() == at::kFloat && master.is_contiguous() && master.numel() == p.numel()),
                "a master copy must be fp32 and of the parameter's size");
  }

  int64_t size() const { return p_.numel(); }

  // Of the master copy where there is one; in fp64, in one order whatever the threads. Defined in adafactor.cc.
  double root_mean_square() const;

  // update(values, first, n) changes the values [first, first + n) in place, in pieces of a fixed size, in parallel.
  template <class F> void change_on_cpu(F&& update) const {
    int64_t total = size(), pieces = (total + kPiece - 1) / kPiece;
    bool wide = p_.scalar_type() == at::kFloat;
    Tensor in_place = wide ? p_ : master_;
    float* direct = in_place.defined() ? in_place.data_ptr<float>() : nullptr;
    uint16_t* narrowed = wide ? nullptr : static_cast<uint16_t*>(p_.data_ptr());
    at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
      Buffer buffer(direct ? 0 : kPiece);
      for (int64_t piece = begin; piece < end; ++piece) {
        int64_t first = piece * kPiece, n = std::min(kPiece, total - first);
        float* values = direct ? direct + first : buffer.data();
        if (!direct) widen(narrowed + first, values, n);
        update(values, first, n);
        if (direct && narrowed) narrow(values, narrowed + first, n);
        if (!direct) narrow_stochastically(values, narrowed + first, n, key_, static_cast<uint64_t>(first));
      }
    });
  }

  // The same on any device with ATen's operations: update(values) changes an fp32 tensor in place.
  template <class F> void change(F&& update) const {
    if (p_.scalar_type() == at::kFloat || master_.defined()) {
      Tensor values = p_.scalar_type() == at::kFloat ? p_ : master_;
      update(values);
      if (!values.is_same(p_)) p_.copy_(values);
      return;
    }
    Tensor values = p_.to(at::kFloat);
    update(values);
    // The bits below bf16's are added to a draw of as many and cut off; torch's generator is seeded by the key.
    auto options = values.options().dtype(at::kInt);
    Tensor draw = at::randint(0, 1 << 16, values.sizes(), seeded_generator(values.device(), key_), options);
    Tensor bits = values.view(at::kInt).add(draw).bitwise_and_(static_cast<int64_t>(~0xffff));
    p_.copy_(at::where(at::isfinite(values), bits.view(at::kFloat), values));
  }

 private:
  static constexpr int64_t kPiece = 1 << 14;

  static at::Generator seeded_generator(at::Device device, uint32_t key) {
    at::Generator generator = at::globalContext().defaultGenerator(device).clone();
    generator.set_current_seed(key);
    return generator;
  }

  Tensor p_, master_;
  uint32_t key_;
};

}  // namespace isogloss
