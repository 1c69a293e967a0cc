"""sin, cos and tan: without branches up to |x| = 2^30 (2^20 in single precision), beyond by the C library.

The argument is k·π/2 + r with k the nearest integer; π/2 is a sum of three numbers, and every step one fused
operation, the first of them exact (Cody & Waite, "Software Manual for the Elementary Functions", 1980, chapter 8;
Muller, "Elementary Functions", 3rd edition, section 11.2). Coefficients are from a Remez exchange in 45-digit
arithmetic on |r| ≤ π/4 and what rounding adds: with z = r², (sin(r)/r - 1)/z with the weight r³/sin(r), tan alike,
and (cos(r) - 1 + z/2)/z² with the weight z²/cos(r).
"""

from adtrans.backend.vecmath.emission import (
    DOUBLE,
    SINGLE,
    Value,
    bits,
    fma,
    magnitude,
    number,
    polynomial,
    select,
    unless_far,
)

_HALF_PI = {
    DOUBLE: (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
    SINGLE: (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
}
_FAR = {DOUBLE: 2.0**30, SINGLE: 2.0**20}
_SIN = {
    DOUBLE: (
        -0.1666666666666664, 0.008333333333323645, -0.00019841269830143759, 2.755731365440649e-06,
        -2.505073519920644e-08, 1.5894753043644527e-10,
    ),
    SINGLE: (-0.16666667, 0.008333328, -0.00019838971, 2.7146668e-06),
}  # fmt: skip
_COS = {
    DOUBLE: (
        0.041666666666666595, -0.0013888888888873017, 2.480158728882583e-05, -2.7557314171624157e-07,
        2.0875699773313842e-09, -1.1358479905936213e-11,
    ),
    SINGLE: (0.041666653, -0.0013887472, 2.4439949e-05),
}  # fmt: skip
_TAN = {
    DOUBLE: (
        0.3333333333333312, 0.1333333333337732, 0.05396825394058095, 0.021869489351450437, 0.008863221919812871,
        0.0035922706963464404, 0.0014548369919903002, 0.0005948470215789602, 0.00022273723250932628,
        0.0001362853117911039, -2.664290505394021e-05, 9.015656697507112e-05, -4.5473959827574656e-05,
        2.1051975695043086e-05,
    ),
    SINGLE: (
        0.3333333, 0.13333438, 0.053948287, 0.022039533, 0.008100629, 0.005499047, -0.0011532339, 0.0022843592,
    ),
}  # fmt: skip


def _sine(a: Value, quarters: int) -> tuple[Value, Value]:
    """sin(a + quarters·π/2) but for its sign, and an integer with that sign; a is not negative."""
    format_ = a.format
    shifted = fma(a, 0.6366197723675814, format_.shift)
    k, r = shifted - format_.shift, a
    for part in _HALF_PI[format_]:
        r = fma(k, -part, r)
    z = r * r
    sine = fma(r * z, polynomial(z, _SIN[format_]), r)
    cosine = fma(z, fma(z, polynomial(z, _COS[format_]), -0.5), 1.0)
    quadrant = bits(shifted) + quarters
    odd = (quadrant << format_.width - 1) < 0
    return select(odd, cosine, sine), quadrant << format_.width - 2


def sin(x: Value) -> Value:
    """The sine.

    Largest error measured: 1.50 units in the last place, in single precision 1.67.
    """
    a = magnitude(x)
    y, sign = _sine(a, 0)
    y = number(bits(y) ^ ((sign ^ bits(x)) & x.format.sign_mask))
    return unless_far(a > _FAR[x.format], "sin", [x], y)


def cos(x: Value) -> Value:
    """The cosine.

    Largest error measured: 1.51 units in the last place, in single precision 1.81.
    """
    a = magnitude(x)
    y, sign = _sine(a, 1)
    return unless_far(a > _FAR[x.format], "cos", [x], number(bits(y) ^ (sign & x.format.sign_mask)))


def _minus_product(a: Value, k: Value, part: float) -> tuple[Value, Value]:
    """a - k·part as a number and its rounding error (Knuth, "The Art of Computer Programming", section 4.2.2)."""
    product = k * part
    total = a - product
    taken = total - a
    rest = (a - (total - taken)) - (product + taken)
    return total, rest - fma(k, part, -product)


def _reciprocal(y: Value, error: Value) -> Value:
    """1/(y + error) by a step of Newton's from 1/y."""
    near = 1.0 / y
    return fma(near, fma(-near, error, fma(-near, y, 1.0)), near)


def tan(x: Value) -> Value:
    """The tangent, of r or its negative reciprocal; rounding errors of r and y are carried along.

    Largest error measured: 1.25 units in the last place, in single precision 1.27.
    """
    format_, a = x.format, magnitude(x)
    shifted = fma(a, 0.6366197723675814, format_.shift)
    k = shifted - format_.shift
    first, second, third = _HALF_PI[format_]
    r, error = _minus_product(fma(k, -first, a), k, second)
    error = fma(k, -third, error)
    z = r * r
    rest = (r * z) * polynomial(z, _TAN[format_])
    near = r + rest
    rest = fma(error, fma(near, near, 1.0), rest)
    y = r + rest
    odd = bits(shifted) << format_.width - 1
    y = select(odd < 0, _reciprocal(y, (r - y) + rest), y)
    sign = (odd ^ bits(x)) & format_.sign_mask
    return unless_far(a > _FAR[format_], "tan", [x], number(bits(y) ^ sign))
