"""The scalar rules. Kinks: abs'(0) = 0, sqrt'(0) = 0, ties of max and min go to the first argument."""

from __future__ import annotations

from adtrans.rules.rule import nodiff, rule

rule("y = add(a, b)", a="1", b="1")
rule("y = sub(a, b)", a="1", b="-1")
rule("y = mul(a, b)", a="b", b="a")
rule("y = truediv(a, b)", a="1 / b", b="-y / b", domain=((-2, 2), (0.5, 2)))
rule("y = neg(x)", x="-1")
rule("y = abs(x)", x="1 if x > 0 else (-1 if x < 0 else 0 * x)")
rule("y = mod(a, b)", a="1", b="-floor(a / b)", domain=((0.1, 0.9), (1, 2)))
rule("y = fmod(a, b)", a="1", b="-trunc(a / b)", domain=((0.1, 0.9), (1, 2)))
rule("y = minimum(a, b)", a="a <= b", b="b < a")
rule("y = maximum(a, b)", a="a >= b", b="b > a")
rule("y = fmin(a, b)", a="a <= b or b != b", b="b < a or a != a")
rule("y = fmax(a, b)", a="a >= b or b != b", b="b > a or a != a")
rule("y = copysign(a, b)", a="copysign(1, a) * copysign(1, b)")

rule("y = sqrt(x)", x="0.5 / y if y > 0 else 0", domain=(0.1, 10))
rule("y = cbrt(x)", x="1 / (3 * y * y)", domain=(0.1, 10))
rule("y = hypot(a, b)", a="a / y if y > 0 else 0", b="b / y if y > 0 else 0", domain=(0.1, 2))
rule("y = pow(a, b)", domain=((0.2, 3), (-2, 2)),
     a="0 if b == 0 else b * pow(a, b - 1)",
     b="y * log(a) if a > 0 else 0")
rule("y = exp(x)", x="y")
rule("y = exp2(x)", x="0.6931471805599453 * y")
rule("y = expm1(x)", x="y + 1")
rule("y = log(x)", x="1 / x", domain=(0.1, 10))
rule("y = log2(x)", x="1.4426950408889634 / x", domain=(0.1, 10))
rule("y = log10(x)", x="0.4342944819032518 / x", domain=(0.1, 10))
rule("y = log1p(x)", x="1 / (1 + x)", domain=(-0.9, 10))
rule("y = logaddexp(a, b)", a="exp(a - y)", b="exp(b - y)")
rule("y = logaddexp2(a, b)", a="exp2(a - y)", b="exp2(b - y)")

rule("y = sin(x)", x="cos(x)")
rule("y = cos(x)", x="-sin(x)")
rule("y = tan(x)", x="1 + y * y", domain=(-1.2, 1.2))
rule("y = arcsin(x)", x="1 / sqrt(1 - x * x)", domain=(-0.9, 0.9))
rule("y = arccos(x)", x="-1 / sqrt(1 - x * x)", domain=(-0.9, 0.9))
rule("y = arctan(x)", x="1 / (1 + x * x)")
rule("y = arctan2(a, b)", a="b / (a * a + b * b)", b="-a / (a * a + b * b)", domain=(0.3, 2))
rule("y = sinh(x)", x="cosh(x)")
rule("y = cosh(x)", x="sinh(x)")
rule("y = tanh(x)", x="1 - y * y")
rule("y = arcsinh(x)", x="1 / sqrt(x * x + 1)")
rule("y = arccosh(x)", x="1 / sqrt(x * x - 1)", domain=(1.2, 4))
rule("y = arctanh(x)", x="1 / (1 - x * x)", domain=(-0.9, 0.9))

rule("y = erf(x)", x="1.1283791670955126 * exp(-x * x)")
rule("y = erfc(x)", x="-1.1283791670955126 * exp(-x * x)")

rule("y = lgamma(x)", x="digamma(x)", domain=(0.3, 5))
rule("y = gamma(x)", x="y * digamma(x)", domain=(0.3, 5))

nodiff("floor", "ceil", "trunc", "rint", "sign", "floordiv",
       "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "isnan", "isinf", "isfinite", "signbit",
       "band", "bor", "bxor", "lsh", "rsh", "invert", "ipow")
