#include "arguments.h"

#include <cmath>
#include <limits>

namespace cassl {

namespace {

bool is_integral(const at::Tensor& tensor) { return at::isIntegralType(tensor.scalar_type(), /*includeBool=*/true); }

// Integers go through doubles: exact for 32 bits, and no division traps on x/0 or INT_MIN/-1.
template <typename Compute>
at::Tensor through_double(const at::Tensor& a, const at::Tensor& b, Compute compute) {
  if (!is_integral(a) || !is_integral(b)) return compute(a, b);
  const auto result = compute(a.to(at::kDouble), b.to(at::kDouble));
  return at::nan_to_num(result, 0, 0, 0).clamp(-2147483648.0, 2147483647.0).to(at::kInt);
}

// tfjs's bool arithmetic is on 0 and 1, ATen's + is "or".
at::Tensor arithmetic(at::Tensor tensor) { return tensor.scalar_type() == at::kBool ? tensor.to(at::kInt) : tensor; }

at::Tensor truth(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kBool ? tensor : tensor.ne(0);
}

template <at::Tensor (*compute)(const at::Tensor&)>
void unary(Arguments& in, Results& out) {
  out.tensor(compute(in.tensor()));
}

template <at::Tensor (*compute)(const at::Tensor&)>
void unary_stored(Arguments& in, Results& out) {
  out.tensor(compute(in.stored()));
}

template <at::Tensor (*compute)(const at::Tensor&, const at::Tensor&)>
void binary(Arguments& in, Results& out) {
  const auto a = in.tensor();
  const auto b = in.tensor();
  out.tensor(compute(a, b));
}

at::Tensor floor_divide(const at::Tensor& a, const at::Tensor& b) {
  return through_double(a, b, [](const at::Tensor& x, const at::Tensor& y) { return at::floor(at::div(x, y)); });
}

at::Tensor modulo(const at::Tensor& a, const at::Tensor& b) {
  return through_double(a, b, [](const at::Tensor& x, const at::Tensor& y) { return at::remainder(x, y); });
}

at::Tensor power(const at::Tensor& a, const at::Tensor& b) {
  return through_double(a, b, [](const at::Tensor& x, const at::Tensor& y) { return at::pow(x, y); });
}

at::Tensor squared_difference(const at::Tensor& a, const at::Tensor& b) { return at::square(a - b); }

at::Tensor elu_gradient(const at::Tensor& dy, const at::Tensor& y) { return at::where(y.ge(0), dy, dy * (y + 1)); }

at::Tensor prelu(const at::Tensor& x, const at::Tensor& alpha) { return at::where(x.ge(0), x, x * alpha); }

void step(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const double alpha = in.number();
  const auto positive = x.gt(0);
  auto result = positive.to(x.scalar_type());
  if (alpha != 0) result = at::where(positive, result, at::full({}, alpha, x.options()));
  if (at::isFloatingType(x.scalar_type())) result = at::where(x.isnan(), x, result);
  out.tensor(result);
}

void clip(Arguments& in, Results& out) {
  const auto x = in.stored();
  const double low = in.number();
  const double high = in.number();
  out.tensor(at::clamp(x, low, high).to(x.scalar_type()));
}

void select(Arguments& in, Results& out) {
  auto condition = truth(in.tensor());
  const auto yes = in.tensor();
  const auto no = in.tensor();
  // A vector of conditions picks whole rows.
  if (condition.dim() == 1 && yes.dim() > 1) {
    std::vector<int64_t> shape(yes.dim(), 1);
    shape[0] = condition.size(0);
    condition = condition.view(shape);
  }
  out.tensor(at::where(condition, yes, no));
}

void add_all(Arguments& in, Results& out) {
  const auto terms = in.tensors();
  if (terms.empty()) throw std::invalid_argument("AddN needs at least one tensor");
  if (terms.size() == 1) return out.copy(terms[0]);
  auto total = arithmetic(terms[0]) + arithmetic(terms[1]);
  for (size_t i = 2; i < terms.size(); ++i) total = total + arithmetic(terms[i]);
  out.tensor(total);
}

void cast(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto type = in.scalar_type();
  if (x.scalar_type() == type) return out.copy(x);
  if (type == at::kInt && at::isFloatingType(x.scalar_type()))
    return out.tensor(at::nan_to_num(x.to(at::kDouble), 0).clamp(-2147483648.0, 2147483647.0).to(at::kInt));
  out.tensor(x.to(type));
}

}  // namespace

Family elementwise_operations() {
  return {
      {"abs", unary<at::abs>},
      {"acos", unary<at::acos>},
      {"acosh", unary<at::acosh>},
      {"asin", unary<at::asin>},
      {"asinh", unary<at::asinh>},
      {"atan", unary<at::atan>},
      {"atanh", unary<at::atanh>},
      {"ceil", [](Arguments& in, Results& out) { const auto x = in.tensor(); is_integral(x) ? out.copy(x) : out.tensor(at::ceil(x)); }},
      {"cos", unary<at::cos>},
      {"cosh", unary<at::cosh>},
      {"elu", [](Arguments& in, Results& out) { out.tensor(at::elu(in.tensor())); }},
      {"erf", unary<at::erf>},
      {"exp", unary<at::exp>},
      {"expm1", unary<at::expm1>},
      {"floor", [](Arguments& in, Results& out) { const auto x = in.tensor(); is_integral(x) ? out.copy(x) : out.tensor(at::floor(x)); }},
      {"isFinite", unary<at::isfinite>},
      {"isInf", unary<at::isinf>},
      {"isNan", unary<at::isnan>},
      {"log", unary<at::log>},
      {"log1p", unary<at::log1p>},
      {"logicalNot", [](Arguments& in, Results& out) { out.tensor(at::logical_not(in.tensor())); }},
      {"neg", [](Arguments& in, Results& out) { out.tensor(at::neg(arithmetic(in.stored()))); }},
      {"reciprocal", unary<at::reciprocal>},
      {"relu", [](Arguments& in, Results& out) { out.tensor(at::relu(arithmetic(in.stored()))); }},
      {"relu6", [](Arguments& in, Results& out) { out.tensor(at::clamp(in.stored(), 0, 6)); }},
      {"round", [](Arguments& in, Results& out) { const auto x = in.tensor(); is_integral(x) ? out.copy(x) : out.tensor(at::round(x)); }},
      {"rsqrt", unary<at::rsqrt>},
      {"selu", [](Arguments& in, Results& out) { out.tensor(at::selu(in.tensor())); }},
      {"sigmoid", unary<at::sigmoid>},
      {"sign", unary<at::sign>},
      {"sin", unary<at::sin>},
      {"sinh", unary<at::sinh>},
      {"softplus", [](Arguments& in, Results& out) { out.tensor(at::softplus(in.tensor())); }},
      {"sqrt", unary<at::sqrt>},
      {"square", unary<at::square>},
      {"tan", unary<at::tan>},
      {"tanh", unary<at::tanh>},
      {"leakyRelu", [](Arguments& in, Results& out) { auto x = in.stored(); if (is_integral(x)) x = x.to(at::kFloat); out.tensor(at::leaky_relu(x, in.number())); }},
      {"step", step},
      {"clip", clip},
      {"add", [](Arguments& in, Results& out) { const auto a = arithmetic(in.stored()); out.tensor(at::add(a, arithmetic(in.stored()))); }},
      {"sub", [](Arguments& in, Results& out) { const auto a = arithmetic(in.stored()); out.tensor(at::sub(a, arithmetic(in.stored()))); }},
      {"multiply", [](Arguments& in, Results& out) { const auto a = arithmetic(in.stored()); out.tensor(at::mul(a, arithmetic(in.stored()))); }},
      {"divide", [](Arguments& in, Results& out) { const auto a = in.tensor(); out.tensor(at::div(a, in.tensor())); }},
      {"floorDivide", binary<floor_divide>},
      {"modulo", binary<modulo>},
      {"power", binary<power>},
      {"maximum", [](Arguments& in, Results& out) { const auto a = in.stored(); out.tensor(at::maximum(a, in.stored())); }},
      {"minimum", [](Arguments& in, Results& out) { const auto a = in.stored(); out.tensor(at::minimum(a, in.stored())); }},
      {"squaredDifference", binary<squared_difference>},
      {"atan2", binary<at::atan2>},
      {"equal", binary<at::eq>},
      {"notEqual", binary<at::ne>},
      {"greater", binary<at::gt>},
      {"greaterEqual", binary<at::ge>},
      {"less", binary<at::lt>},
      {"lessEqual", binary<at::le>},
      {"logicalAnd", binary<at::logical_and>},
      {"logicalOr", binary<at::logical_or>},
      {"logicalXor", binary<at::logical_xor>},
      {"bitwiseAnd", binary<at::bitwise_and>},
      {"prelu", binary<prelu>},
      {"eluGrad", binary<elu_gradient>},
      {"reluGrad", [](Arguments& in, Results& out) { const auto dy = in.stored(); out.tensor(at::threshold_backward(dy, in.stored(), 0)); }},
      {"gelu", [](Arguments& in, Results& out) { out.tensor(at::gelu(in.stored())); }},
      {"geluGrad", [](Arguments& in, Results& out) { const auto dy = in.stored(); out.tensor(at::gelu_backward(dy, in.stored())); }},
      {"select", select},
      {"addN", add_all},
      {"cast", cast},
  };
}

}  // namespace cassl
