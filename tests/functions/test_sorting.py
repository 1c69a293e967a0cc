"""Sorting and order statistics."""

import numpy as np
import pytest

from tests.functions.harness import case, forms, judge

RNG = np.random.default_rng(11)
CASES = [case(text, a=a)
         for shape, texts in [
             ((5,), ["np.sort(a)", "np.argsort(a)", "np.sort(a, axis=0)", "a[np.argsort(a)]"]),
             ((3, 4), ["np.sort(a)", "np.sort(a, axis=0)", "np.sort(a, axis=None)", "np.argsort(a, axis=0)"]),
             ((2, 3, 4), ["np.sort(a, axis=1)", "np.argsort(a, axis=-2)"]),
             ((0,), ["np.sort(a)"]), ((3, 0), ["np.sort(a)", "np.sort(a, axis=0)"]), ((1,), ["np.sort(a)"])]
         for a in forms(RNG, shape) for text in texts]


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found, single):
    judge(found, single)
