"""log, log1p, log2 and log10; by the C library where the argument is not positive, normal and finite.

The argument is 2^k·m with √½ ≤ m < √2, and log(m) is found from f = m - 1. In double precision it is
f - s·(f - R(s²)) with s = f/(2 + f), where s·R(s²) = 2 artanh(s) - 2s (Muller, "Elementary Functions", 3rd
edition, chapter 11); in single precision f - f²/2 + f³·P(f), for a polynomial is cheaper there than a division.
Coefficients are from a Remez exchange in 45-digit arithmetic: R(z)/z with the weight z, P with the weight
f³/log(1 + f).
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

_ATANH = (
    0.666666666666671, 0.39999999999519115, 0.28571428729388587, 0.222221990840747, 0.18183571744348967,
    0.15313162195395616, 0.1481051780726483,
)  # fmt: skip
_LOG1P = (
    0.33333313, -0.2500001, 0.20002119, -0.16667996, 0.14219551, -0.124055885, 0.1188817, -0.11675658, 0.06746632,
)  # fmt: skip

_ROOT_HALF = 0.7071067811865476
_LN2 = {DOUBLE: (0.6931471805599453, 2.3190468138462996e-17), SINGLE: (0.6931471824645996, -1.9046542121259336e-09)}
_LOG2_E = {DOUBLE: (1.4426950408889634, 2.0355273740931033e-17), SINGLE: (1.4426950216293335, 1.925963033500011e-08)}
_LOG10_E = {
    DOUBLE: (0.4342944819032518, 1.098319650216765e-17),
    SINGLE: (0.4342944920063019, -1.0103049952192578e-08),
}
_LOG10_2 = {
    DOUBLE: (0.3010299956639812, -2.8037281277851704e-18),
    SINGLE: (0.3010300099849701, -1.432098883924482e-08),
}


def split(x: Value) -> tuple[Value, Value, Value]:
    """k, f and the integer k·2^fraction_bits with rubbish below, of x positive, finite and normal.

    The integer k becomes a number by writing its bits below those of a power of two: converting them would
    take an instruction that many processors do not have.
    """
    format_ = x.format
    offset = (format_.bias + 1) << format_.fraction_bits
    shifted = bits(x) + (offset - format_.pattern(_ROOT_HALF))
    power = 2.0**format_.fraction_bits
    k = number((shifted >> format_.fraction_bits) | format_.pattern(power)) - (power + format_.bias + 1)
    m = number((shifted & format_.fraction_mask) + format_.pattern(_ROOT_HALF))
    return k, m - 1.0, shifted


def _defect(f: Value) -> Value:
    """f - log(1 + f)."""
    if f.format is SINGLE:
        return (f * f) * fma(-f, polynomial(f, _LOG1P), 0.5)
    s = f / (f + 2.0)
    z = s * s
    return s * fma(-z, polynomial(z, _ATANH), f)


def _natural(k: Value, f: Value) -> Value:
    """k·ln 2 + log(1 + f)."""
    high, low = _LN2[f.format]
    return fma(k, high, f - fma(k, -low, _defect(f)))


def _parts(f: Value) -> tuple[Value, Value]:
    """log(1 + f) as a sum of two numbers."""
    defect = _defect(f)
    high = f - defect
    return high, (f - high) - defect


def _unless_special(name: str, x: Value, y: Value, least: float) -> Value:
    """y, but the C library's function where x is not between `least` and infinity."""
    return unless_far(((x >= least) & (x < float("inf"))) ^ 1, name, [x], y)


def log(x: Value) -> Value:
    """The natural logarithm.

    Largest error measured: 0.92 units in the last place, in single precision 0.86.
    """
    k, f, _ = split(x)
    return _unless_special("log", x, _natural(k, f), x.format.smallest_normal)


def log1p(x: Value) -> Value:
    """log(1 + x); the error of 1 + x is carried over to f.

    Largest error measured: 1.41 units in the last place, in single precision 1.47.
    """
    format_ = x.format
    u = x + 1.0
    v = u - x
    error = (x - (u - v)) + (1.0 - v)
    k, f, shifted = split(u)
    exponent = (shifted & ~format_.fraction_mask) - ((format_.bias + 1) << format_.fraction_bits)
    reciprocal = number(exponent.like(format_.pattern(2.0)) - exponent)
    y = _natural(k, fma(error * 0.5, reciprocal, f))
    y = select(x <= -1.0, select(x.equals(-1.0), x.like(float("-inf")), float("nan")), y)
    y = select(x < float("inf"), y, x)
    return select(magnitude(x) < 2.0 ** -(format_.fraction_bits + 2), x, y)


def log2(x: Value) -> Value:
    """The logarithm to the base 2, exact for powers of two.

    Largest error measured: 1.05 units in the last place, in single precision 1.00.
    """
    k, f, _ = split(x)
    high, low = _parts(f)
    factor, factor_low = _LOG2_E[x.format]
    y = k + fma(high, factor, fma(high, factor_low, low * factor))
    return _unless_special("log2", x, y, x.format.smallest_normal)


def log10(x: Value) -> Value:
    """The logarithm to the base 10.

    Largest error measured: 0.94 units in the last place, in single precision 0.90.
    """
    k, f, _ = split(x)
    high, low = _parts(f)
    factor, factor_low = _LOG10_E[x.format]
    of_two, of_two_low = _LOG10_2[x.format]
    rest = fma(k, of_two_low, fma(high, factor_low, low * factor))
    y = fma(k, of_two, fma(high, factor, rest))
    return _unless_special("log10", x, y, x.format.smallest_normal)
