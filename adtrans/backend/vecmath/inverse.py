"""arctan and arctan2, without branches.

arctan(t) = t + t³·A(t²) for 0 ≤ t ≤ 1; arguments beyond one are inverted first. Coefficients of A are from a Remez
exchange in 45-digit arithmetic, with the weight t³/arctan(t).
"""

from adtrans.backend.vecmath.emission import (
    DOUBLE,
    SINGLE,
    Value,
    bits,
    fma,
    magnitude,
    polynomial,
    select,
    with_sign_of,
)

_ARCTAN = {
    DOUBLE: (
        -0.3333333333333325, 0.19999999999976964, -0.1428571428385084, 0.11111111039547313, -0.09090907500115213,
        0.07692284831926738, -0.06666438934077286, 0.058807037034921794, -0.052541745588687745,
        0.04724157378900989, -0.042230497401954586, 0.03670318204851615, -0.029975281866990597,
        0.02204334987101954, -0.013930049283767374, 0.007200471995822418, -0.0028788168314621662,
        0.0008264685065717527, -0.00015055995471411864, 1.3012878419069239e-05,
    ),
    SINGLE: (
        -0.3333331, 0.19998834, -0.14266272, 0.10958267, -0.0840991, 0.05790338, -0.03098337, 0.010745265,
        -0.0017431736,
    ),
}  # fmt: skip
_PI = {DOUBLE: (3.141592653589793, 1.2246467991473532e-16), SINGLE: (3.1415927410125732, -8.742277657347586e-08)}


def _rotated(t: Value, base: Value, base_low: Value) -> Value:
    """base + base_low + arctan(t) where |t| ≤ 1; base is zero or larger than t."""
    z = t * t
    return (base + t) + fma(t * z, polynomial(z, _ARCTAN[t.format], leading=4), base_low)


def arctan(x: Value) -> Value:
    """The inverse tangent.

    Largest error measured: 1.53 units in the last place, in single precision 1.54.
    """
    high, low = _PI[x.format]
    a = magnitude(x)
    inverted = a > 1.0
    base, base_low = (select(inverted, x.like(part / 2), 0.0) for part in (high, low))
    return with_sign_of(_rotated(select(inverted, -1.0 / a, a), base, base_low), x)


def arctan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), from -π to π, with C99's values for signed zeros and infinities.

    Largest error measured: 1.62 units in the last place, in single precision 1.62.
    """
    a, b = magnitude(x), magnitude(y)
    steep, left = b > a, bits(x) < 0
    short, long = select(steep, a, b), select(steep, b, a)
    t = select(short.equals(long), 1.0, short / long)
    t = select((short + long).equals(0.0), 0.0, t)
    t = select(steep ^ left, -t, t)
    base, base_low = (select(steep, x.like(part / 2), select(left, x.like(part), 0.0)) for part in _PI[x.format])
    return with_sign_of(_rotated(t, base, base_low), y)
