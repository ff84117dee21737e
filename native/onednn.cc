// oneDNN's fp32 inner product, by the operator that torch registers for its compiler.
#include "products.h"

#include <ATen/core/dispatch/Dispatcher.h>

namespace isogloss {
namespace {

using LinearPointwise = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, c10::string_view,
                               c10::List<std::optional<at::Scalar>>, std::optional<c10::string_view>);

// Undefined where the build of torch lacks it.
const std::optional<c10::TypedOperatorHandle<LinearPointwise>>& handle() {
  static const auto found = []() -> std::optional<c10::TypedOperatorHandle<LinearPointwise>> {
    auto schema = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!schema) return std::nullopt;
    try {
      return schema->typed<LinearPointwise>();
    } catch (const c10::Error&) {
      return std::nullopt;  // the signature is another one in this version of torch
    }
  }();
  return found;
}

}  // namespace

bool has_onednn_linear() { return handle().has_value(); }

Tensor onednn_linear(const Tensor& x, const Tensor& weight) {
  return handle()->call(x, weight, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), std::nullopt);
}

}  // namespace isogloss
