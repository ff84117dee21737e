// Elementwise kernels: one line each, with TensorFlow.js' semantics where they differ from libtorch's.
#include "isogloss.h"

namespace isogloss {

#define UNARY(name, expression) KERNEL(name) { const Tensor& x = call.tensor(0); return call.result(expression); }
#define BINARY(name, expression) \
  KERNEL(name) { const Tensor &a = call.tensor(0), &b = call.tensor(1); return call.result(expression); }

// ---- one tensor
UNARY(abs, at::abs(x))
UNARY(acos, at::acos(x))
UNARY(acosh, at::acosh(x))
UNARY(asin, at::asin(x))
UNARY(asinh, at::asinh(x))
UNARY(atan, at::atan(x))
UNARY(atanh, at::atanh(x))
UNARY(ceil, at::ceil(x))
UNARY(cos, at::cos(x))
UNARY(cosh, at::cosh(x))
UNARY(elu, at::elu(x))
UNARY(erf, at::erf(x))
UNARY(exp, at::exp(x))
UNARY(expm1, at::expm1(x))
UNARY(floor, at::floor(x))
UNARY(isFinite, at::isfinite(x))
UNARY(isInf, at::isinf(x))
UNARY(isNan, at::isnan(x))
UNARY(log, at::log(x))
UNARY(log1p, at::log1p(x))
UNARY(logicalNot, at::logical_not(x))
UNARY(neg, at::neg(x))
UNARY(reciprocal, at::reciprocal(x))
UNARY(relu, at::relu(x))
UNARY(relu6, at::clamp(x, 0, 6))
UNARY(round, at::round(x))
UNARY(rsqrt, at::rsqrt(x))
UNARY(selu, at::selu(x))
UNARY(sigmoid, at::sigmoid(x))
UNARY(sign, at::sign(x))
UNARY(sin, at::sin(x))
UNARY(sinh, at::sinh(x))
UNARY(softplus, at::softplus(x))
UNARY(sqrt, at::sqrt(x))
UNARY(square, at::square(x))
UNARY(tan, at::tan(x))
UNARY(tanh, at::tanh(x))
UNARY(onesLike, at::ones_like(x))
UNARY(zerosLike, at::zeros_like(x))
UNARY(isPositive, at::gt(x, 0))
UNARY(leakyRelu, at::leaky_relu(at::isFloatingType(x.scalar_type()) ? x : x.to(at::kFloat), call.number(1)))
UNARY(clip, at::clamp(x, call.number(1), call.number(2)))
// 1 above zero, alpha elsewhere, NaN where x is NaN (tfjs-core step).
UNARY(step, at::where(at::isnan(x), x, at::where(x > 0, at::ones_like(x), at::full_like(x, call.number(1)))))

// ---- two tensors, broadcast
BINARY(add, at::add(a, b))
BINARY(sub, at::sub(a, b))
BINARY(multiply, at::mul(a, b))
BINARY(divide, at::div(a, b))
BINARY(maximum, at::maximum(a, b))
BINARY(minimum, at::minimum(a, b))
BINARY(pow, at::pow(a, b))
BINARY(atan2, at::atan2(a, b))
BINARY(squaredDifference, at::square(at::sub(a, b)))
BINARY(floorDivide, at::floor_divide(a, b))
BINARY(mod, at::remainder(a, b))
BINARY(prelu, at::where(at::ge(a, 0), a, at::mul(a, b)))
BINARY(eluGrad, at::where(at::ge(b, 0), a, at::mul(a, at::add(b, 1))))
BINARY(greater, at::greater(a, b))
BINARY(greaterEqual, at::greater_equal(a, b))
BINARY(less, at::less(a, b))
BINARY(lessEqual, at::less_equal(a, b))
BINARY(equal, at::eq(a, b))
BINARY(notEqual, at::ne(a, b))
BINARY(logicalAnd, at::logical_and(a, b))
BINARY(logicalOr, at::logical_or(a, b))

// batchNorm(x, mean, variance, scale or -1, offset or -1, eps): (x - mean) / sqrt(variance + eps) * scale + offset
KERNEL(batchNorm) {
  Tensor scale = call.optional(3), offset = call.optional(4);
  Tensor y = at::mul(at::sub(call.tensor(0), call.tensor(1)), at::rsqrt(at::add(call.tensor(2), call.number(5))));
  if (scale.defined()) y = at::mul(y, scale);
  return call.result(offset.defined() ? at::add(y, offset) : y);
}

// select(condition, t, e)
KERNEL(select) { return call.result(at::where(call.tensor(0).to(at::kBool), call.tensor(1), call.tensor(2))); }

}  // namespace isogloss
