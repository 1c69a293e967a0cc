"""Types in Numba's notation become example arguments of these types, or a clear refusal."""

import numpy as np
import pytest

from adtrans.notation import example_arguments


def kinds(types, size=4):
    return [(a.dtype.str[1:], a.shape, a.flags.c_contiguous, a.flags.f_contiguous)
            if isinstance(a, np.ndarray) else a for a in example_arguments(types, size)]


def test_types_in_the_notation_of_numba():
    assert kinds("f8[:]") == [("f8", (4,), True, True)]
    assert kinds("float32[:, ::1], int64") == [("f4", (4, 4), True, False), 4]
    assert kinds("f8[::1, :]") == [("f8", (4, 4), False, True)]
    assert kinds("f8[5,30], i4[7]") == [("f8", (5, 30), True, False), ("i4", (7,), True, True)]
    assert kinds("b1, boolean, i8=7, f8=-1.5e-3, (i8, (b1,))") == [True, True, 7, -1.5e-3, (4, (True,))]
    assert kinds("") == [] and kinds("i8,") == [4]
    assert [type(scalar) for scalar in example_arguments("f4, f8")] == [np.float32, float]


def test_example_arguments_repeat_and_are_in_range():
    (x, k), (again, _) = example_arguments("f8[:], i8[:]", 50), example_arguments("f8[:], i8[:]", 50)
    assert np.array_equal(x, again) and x.min() >= 0.5 and x.max() < 1.5
    assert k.min() >= 0 and k.max() < 50


@pytest.mark.parametrize("types", ["f9", "f8[", "f8[a]", "f8[:", "(f8", "f8)", "f8 f8", "i8=", "i8=x", "f8[]",
                                   ",", "c16[:]", "f8[:]]"])
def test_text_that_is_not_a_signature_is_refused(types):
    with pytest.raises(ValueError, match="in types"):
        example_arguments(types)
