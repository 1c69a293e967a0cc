"""Seeded faults judged by random programs: whatever is broken in the compiler has to show.

The command is `python -m tests.fuzz.faults [--programs 500] [--seed 0] [--size 16] [--only NAME ...] [--jobs 2]`.

Each fault of `tests.fuzz.seeded` is put into the compiler and random programs are run, interpreted, until one
shows it by a wrong value or gradient or by an exception. Prints fault -> caught after N programs. Programs
count only if they pass without any fault. Faults in what random programs do not write are tried on a program
of their own. The exit status is 0 only if every fault was caught and every program passed.
"""

import argparse
import multiprocessing
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest

import adtrans
from tests import duals
from tests.duals.transplant import Transplant
from tests.fuzz import judge, seeded
from tests.fuzz.generator import generate

SECONDS = 10
PROGRAMS = 500
SIZE = 16


class BrokenFault(Exception):
    """A fault that fails by itself: the compiler has changed under it."""


@dataclass
class Round:
    """What some programs have shown: faults caught, missed and failing by themselves, programs that fail
    without any fault, programs left out."""

    caught: dict = field(default_factory=dict)
    missed: dict = field(default_factory=dict)
    broken: dict = field(default_factory=dict)
    failing: dict = field(default_factory=dict)
    unclear: int = 0
    programs: int = 0


def shown(program, truth, kind):
    """How the compiler goes wrong on a program: a class of failure, or None where it is right."""
    value = gradient = None
    try:
        with judge.limited(SECONDS), np.errstate(all="ignore"):
            value, gradient = judge.transformed(program, "interpreted", {"cache": False})
        judge.compare(program, truth, value, gradient)
        judge.require(np.asarray(value).dtype == kind, "the value", value, kind)
    except judge.Disagreement as difference:
        if judge.disputed(program, truth, value, gradient):
            return None
        return f"wrong: {difference}"
    except Exception as error:
        innermost = traceback.extract_tb(error.__traceback__)[-1]
        if "/seeded/" in innermost.filename.replace("\\", "/"):
            raise BrokenFault(f"{type(error).__name__}: {error}") from error
        return f"{type(error).__name__}: {error}"
    return None


def clear(program):
    """The oracle's answer and the dtype of the plain result, None where a kink is too near to tell."""
    truth = judge.expected(program)
    if truth.distance < judge.NEAR[program.single]:
        return None
    fun = program.load()
    if "njit" in program.source:
        fun = Transplant(lambda value: value).move(fun)
    return truth, np.asarray(fun(*program.args())).dtype


def run(names, first, count, size=SIZE):
    """Try faults on the programs of `count` seeds."""
    found = Round()
    waiting = list(names)
    for seed in range(first, first + count):
        if not waiting:
            break
        program = generate(seed, size)
        try:
            with judge.silent():
                tried(program, waiting, found)
        finally:
            program.unload()
        waiting = [name for name in waiting if name not in found.caught and name not in found.broken]
        print(f"\r{found.programs} programs, {len(waiting)} faults waiting ", end="", file=sys.stderr)
    print(file=sys.stderr)
    found.missed = dict.fromkeys(waiting, found.programs)
    return found


def tried(program, names, found):
    """Run one program without a fault and with each of `names`."""
    answer = clear(program)
    if answer is None:
        found.unclear += 1
        return
    truth, kind = answer
    plain = shown(program, truth, kind)
    if plain is not None:
        discrete = plain.startswith("NonDifferentiableError") and truth.integers
        if discrete or plain.startswith("wrong: gradient of the value: "):  # a dtype that hangs on the path taken
            found.unclear += 1
        else:
            found.failing[program.seed] = plain
        return
    found.programs += 1
    for name in names:
        try:
            with pytest.MonkeyPatch.context() as patch:
                seeded.FAULTS[name](patch)
                how = shown(program, truth, kind)
        except (BrokenFault, AttributeError) as error:
            found.broken[name] = str(error)
            continue
        if how is not None:
            found.caught[name] = (found.programs, program.seed, how)


def shown_by_its_own(name):
    """Whether a rare fault changes the gradient of its program, which is right without it."""
    fault, fun, args, argnums = seeded.RARE[name]
    wanted = judge.numbers(duals.gradient(fun, args, argnums)[1])

    def right():
        given = adtrans.grad(fun, argnums=argnums, cache=False).interpreted(*args)
        return np.allclose(judge.numbers(given), wanted, rtol=1e-9)

    before = right()
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        try:
            return before and not right()
        except IndexError:  # the interpreted gradient reads past an end
            return before


def report(rounds):
    """Print what was found; whether all is well."""
    caught = {name: how for one in rounds for name, how in one.caught.items()}
    missed = {name: n for one in rounds for name, n in one.missed.items()}
    broken = {name: how for one in rounds for name, how in one.broken.items()}
    failing = {seed: how for one in rounds for seed, how in one.failing.items()}
    width = max(map(len, [*caught, *missed]), default=0)
    for name in seeded.FAULTS:
        if name in caught:
            count, seed, how = caught[name]
            print(f"{name.ljust(width)}  caught after {count:4} (seed {seed}): {brief(how)}")
    for name, count in missed.items():
        print(f"{name.ljust(width)}  NOT caught by {count} programs")
    for name, how in broken.items():
        print(f"{name.ljust(width)}  BROKEN: {brief(how)}")
    for seed, how in failing.items():
        print(f"program {seed} fails without a fault: {brief(how)}")
    total = len(caught) + len(missed) + len(broken)
    print(f"{len(caught)} of {total} faults caught; {len(failing)} programs fail without one")
    return not missed and not broken and not failing


def brief(text):
    return (text.splitlines() or [""])[0][:90]


def main(arguments=None):
    """The command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=PROGRAMS, help="programs to try at most")
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--size", type=int, default=SIZE, help="statements per program")
    parser.add_argument("--only", nargs="+", choices=list(seeded.FAULTS), default=list(seeded.FAULTS))
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    parts = [options.only[k :: options.jobs] for k in range(options.jobs)]
    if options.jobs == 1:
        rounds = [run(options.only, options.seed, options.programs, options.size)]
    else:
        with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
            jobs = [pool.submit(run, part, options.seed, options.programs, options.size) for part in parts if part]
            rounds = [job.result() for job in jobs]
    caught = report(rounds)
    for name in seeded.RARE:
        own = shown_by_its_own(name)
        print(f"{name}: {'caught' if own else 'NOT caught'} by its own program")
        caught &= own
    return 0 if caught else 1


if __name__ == "__main__":
    sys.exit(main())
