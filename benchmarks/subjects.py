"""A program with its data, and the ways to run it: as a procedure in place, or as a function that returns.

    subject = subject_of(case, {"n": 60})
    subject.gradient()      # a Contender: adtrans' gradient
    subject.jax(function)   # the same of a JAX function

Arrays are made once. Before a run they get back what they held, by a copy into the same memory.
"""

import numpy as np
from judging import copies, slope_errors, weights
from losses import weighted
from timing import Contender

import adtrans


def subject_of(case, sizes):
    """The subject of a case at a size."""
    return (Procedure if case.outputs else Function)(case, case.make(**sizes))


class Arguments:
    """Arguments by name that can be put back."""

    def __init__(self, args):
        self.kept, self.given = copies(args), copies(args)
        self.arrays = [name for name, value in args.items() if isinstance(value, np.ndarray)]

    def put_back(self):
        for name in self.arrays:
            np.copyto(self.given[name], self.kept[name])
        return tuple(self.given.values())


class Procedure:
    """A program that leaves its results in its arguments."""

    def __init__(self, case, args):
        self.case, self.fun, self.args = case, case.fun, args
        rng = np.random.default_rng(0)
        self.bars = {name: np.zeros(np.shape(args[name])) for name in case.inputs}
        self.bars |= {name: weights(rng, args[name]) for name in case.outputs}
        self.static = {name: value for name, value in args.items() if isinstance(value, int)}

    def contender(self, run):
        """The program itself, run by `run`."""
        return Contender(run, Arguments(self.args).put_back)

    hand_primal = contender

    def value(self):
        """The program in adtrans' code, in place."""
        return self.contender(adtrans.adjoint(self.fun, self.case.inputs, self.case.outputs).primal)

    def gradient(self):
        made, bars = adtrans.adjoint(self.fun, self.case.inputs, self.case.outputs), Arguments(self.bars)
        args = Arguments(self.args)

        def prepare():
            bars.put_back()
            return args.put_back()

        return Contender(lambda *given: made(*given, bars=bars.given), prepare, lambda _: self.read(bars.given))

    def hand_adjoint(self, run):
        """A function of the arguments and then of the bars, in place as well."""
        args, bars = Arguments(self.args), Arguments(self.bars)
        return Contender(run, lambda: args.put_back() + bars.put_back(), lambda _: self.read(bars.given))

    def read(self, bars):
        return {name: bars[name] for name in self.case.inputs}

    def jax(self, function):
        from peers import jax_gradient

        run = jax_gradient(function, self.case.inputs, self.args, tuple(self.bars[n] for n in self.case.outputs))
        return Contender(run, tuple, lambda result: result[1])

    def slope(self, adjoints):
        """The error of the derivative along a direction."""
        seeds = [self.bars[name] for name in self.case.outputs]
        return max(slope_errors(self.fun, self.args, adjoints, seeds, self.case.inputs, self.case.outputs, "wide",
                                np.random.default_rng(1), 1))


class Function:
    """A program that returns its results: its loss is their weighted sum."""

    def __init__(self, case, args):
        self.case, self.plain_args = case, args
        self.fun, self.args, self.weights = weighted(case.fun, args, np.random.default_rng(0))

    def contender(self, run):
        return Contender(run, Arguments(self.args).put_back)

    hand_primal = contender

    def value(self):
        return self.contender(adtrans.grad(self.fun, argnums=self.case.inputs).value)

    def gradient(self):
        made = adtrans.value_and_grad(self.fun, argnums=self.case.inputs)
        return Contender(made, Arguments(self.args).put_back, lambda result: dict(zip(self.case.inputs, result[1])))

    def hand_adjoint(self, run):
        """A function of the arguments that returns the value and a tuple of gradients."""
        return Contender(run, Arguments(self.args).put_back, lambda result: dict(zip(self.case.inputs, result[1])))

    def jax(self, function):
        from peers import jax_gradient

        run = jax_gradient(function, self.case.inputs, self.plain_args, self.weights)
        return Contender(run, tuple, lambda result: result[1])

    def slope(self, adjoints):
        seeds = [np.asarray(1.0)]
        return max(slope_errors(self.fun, self.args, adjoints, seeds, self.case.inputs, None, "wide",
                                np.random.default_rng(1), 1))
