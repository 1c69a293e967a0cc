"""Many random programs judged by the oracle.

The command is `python -m tests.fuzz.campaign --interpreted 20000 --compiled 300 [--jobs 2]`.

`--forward N` and `--forward-compiled N` judge tangents in place of gradients, `--vector` and `--vector-compiled` eight
tangents at once, `--second` and `--second-compiled` products with the Hessian, against duals of duals.

Prints how many programs were right, wrong, refused, crashed, too near a kink to tell, decided by a tie, or
broken in themselves; the seeds that failed; and how often each construct occurred. The exit status is 0 only
if all were right, near or tied. `--only-seed S` judges and prints one program, `--shrink S` makes it small
first, `--dump DIR` writes failing programs.
"""

import argparse
import multiprocessing
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.constructs import CONSTRUCTS, EXTRA_CONSTRUCTS
from tests.fuzz.generator import generate
from tests.fuzz.judge import OUTCOMES, Verdict, judge
from tests.fuzz.shrink import shrink, signature

CHUNK = 40
MODES = {"interpreted": "interpreted", "compiled": "compiled", "forward": "in forward mode, interpreted",
         "forward-compiled": "in forward mode, compiled", "vector": "in vector mode, interpreted",
         "vector-compiled": "in vector mode, compiled", "second": "at second order, interpreted",
         "second-compiled": "at second order, compiled"}
FAILED = ("wrong", "refused", "crashed", "broken")


@dataclass
class Tally:
    """Outcomes, failures and constructs of a set of programs."""

    outcomes: Counter = field(default_factory=Counter)
    constructs: Counter = field(default_factory=Counter)
    failures: list = field(default_factory=list)

    def add(self, seed, constructs, verdict):
        """Count one program."""
        self.outcomes[verdict.outcome] += 1
        self.constructs.update(constructs)
        if verdict.outcome not in ("right", "near", "discrete"):
            self.failures.append((seed, verdict.outcome, verdict.detail))

    def merge(self, other):
        """Count another set as well."""
        self.outcomes += other.outcomes
        self.constructs += other.constructs
        self.failures += other.failures


def judged(seeds, mode, size=None, extras=False, options=None):
    """The tally of some seeds, in this process."""
    tally = Tally()
    for seed in seeds:
        program = generate(seed, size, extras)
        verdict = judge(program, mode, options)
        program.unload()
        tally.add(seed, program.constructs, verdict)
    return tally


def spread(seeds, mode, jobs, *rest):
    """The tallies of chunks of seeds, in several processes; what kills its process is judged alone."""
    chunks = [seeds[k : k + CHUNK] for k in range(0, len(seeds), CHUNK)]
    context = multiprocessing.get_context("spawn")
    while chunks:
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            futures = [(chunk, pool.submit(judged, chunk, mode, *rest)) for chunk in chunks]
            unfinished = []
            for chunk, future in futures:
                try:
                    yield future.result()
                except BrokenProcessPool:
                    unfinished.append(chunk)
        if len(unfinished) == len(chunks) or not unfinished:
            chunks = []
        else:
            chunks = unfinished
    for chunk in unfinished:
        yield from (alone(seed, mode, context, *rest) for seed in chunk)


def alone(seed, mode, context, *rest):
    """The tally of one seed in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(judged, [seed], mode, *rest).result()
        except BrokenProcessPool:
            tally = Tally()
            tally.outcomes["crashed"] += 1
            tally.failures.append((seed, "crashed", "the process died"))
            return tally


def run(mode, seeds, jobs, size, extras, options):
    """Judge all seeds, showing progress."""
    total = Tally()
    size_of_line = 0
    for tally in (
        spread(seeds, mode, jobs, size, extras, options)
        if jobs > 1
        else one_by_one(seeds, mode, size, extras, options)
    ):
        total.merge(tally)
        for seed, outcome, detail in tally.failures:
            line = f"{mode} {seed} {outcome}: {(detail.splitlines() or [''])[0][:160]}"
            print("\r" + line.ljust(size_of_line), file=sys.stderr)
        line = f"{mode}: {sum(total.outcomes.values())} of {len(seeds)}, {counts(total)}"
        size_of_line = len(line)
        print("\r" + line, end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return total


def one_by_one(seeds, *rest):
    """The tallies of chunks of seeds in this process."""
    for k in range(0, len(seeds), CHUNK):
        yield judged(seeds[k : k + CHUNK], *rest)


def counts(tally):
    """Outcomes as text."""
    return ", ".join(f"{tally.outcomes[name]} {name}" for name in OUTCOMES)


def report(mode, tally, size, extras, shown=40):
    """Print a tally, failures grouped by what is wrong, the shortest programs first."""
    print(f"{mode}: {sum(tally.outcomes.values())} programs: {counts(tally)}")
    groups = {}
    for seed, outcome, detail in tally.failures:
        groups.setdefault(signature(Verdict(outcome, detail)), []).append((seed, outcome, detail))
    for group in sorted(groups.values(), key=len, reverse=True)[:shown]:
        group.sort(key=lambda failure: len(generate(failure[0], size, extras).source))
        _, outcome, detail = group[0]
        seeds = ", ".join(str(seed) for seed, *_ in group[:6])
        print(f"  {len(group)} {outcome} (seeds {seeds}): {(detail.splitlines() or [''])[0][:160]}")


def coverage(tally, extras):
    """Print how often each construct occurred."""
    wanted = sorted(CONSTRUCTS | (EXTRA_CONSTRUCTS if extras else set()))
    print(f"constructs: {sum(bool(tally.constructs[c]) for c in wanted)} of {len(wanted)} occurred")
    for k in range(0, len(wanted), 4):
        print(
            "  "
            + "".join(f"{name} {tally.constructs[name]}".ljust(34) for name in wanted[k : k + 4]).rstrip()
        )


def text_of(program, verdict, mode):
    """A failing program with what is wrong about it, fit for a file."""
    detail = "\n".join("# " + line for line in f"{mode}: {verdict.outcome}: {verdict.detail}".splitlines())
    return f"{program.source}\n\n# seed {program.seed}, argnums={program.argnums!r}\n{detail}\n"


def single(seed, options):
    """Judge one seed in the chosen modes and print everything about it."""
    failed = False
    for mode in [mode for mode in MODES if getattr(options, mode.replace("-", "_"))] or ["interpreted"]:
        program = generate(seed, options.size, options.extras)
        if options.shrink is not None and judge(program, mode, options.transform).outcome != "right":
            program = shrink(program, mode, options.transform)
        verdict = judge(program, mode, options.transform)
        print(text_of(program, verdict, mode))
        failed |= verdict.outcome in FAILED
    return failed


def dump(tally, mode, options):
    """Write failing programs into a folder."""
    folder = Path(options.dump)
    folder.mkdir(parents=True, exist_ok=True)
    for seed, _, _ in tally.failures:
        program = generate(seed, options.size, options.extras)
        text = text_of(program, judge(program, mode, options.transform), mode)
        (folder / f"{mode}_{seed}.py").write_text(text)


def parsed(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.campaign", description=__doc__.splitlines()[0]
    )
    for mode, what in MODES.items():
        parser.add_argument(f"--{mode}", type=int, default=0, metavar="N", help=f"programs to run {what}")
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--size", type=int, default=None, help="statements per program")
    parser.add_argument("--extras", action="store_true", help="with constructs beyond the first set")
    parser.add_argument(
        "--only-seed", type=int, default=None, metavar="S", help="judge and print one program"
    )
    parser.add_argument(
        "--shrink", type=int, default=None, metavar="S", help="make one failing program small"
    )
    parser.add_argument("--dump", default=None, metavar="DIR", help="write failing programs here")
    parser.add_argument("--cache", action="store_true", help="let the compiler use its disk cache")
    parser.add_argument("--checkpoint", type=int, default=None, metavar="N", help="run loops again in N parts")
    options = parser.parse_args(arguments)
    options.transform = {"cache": options.cache, "checkpoint": options.checkpoint}
    return options


def main(arguments=None):
    """The command; the exit status."""
    options = parsed(arguments)
    seed = options.only_seed if options.only_seed is not None else options.shrink
    if seed is not None:
        return int(single(seed, options))
    total, failed = Tally(), False
    for mode in MODES:
        n = getattr(options, mode.replace("-", "_"))
        if n:
            seeds = list(range(options.seed, options.seed + n))
            tally = run(mode, seeds, options.jobs, options.size, options.extras, options.transform)
            report(mode, tally, options.size, options.extras)
            if options.dump:
                dump(tally, mode, options)
            total.merge(tally)
            failed |= any(tally.outcomes[outcome] for outcome in FAILED)
    coverage(total, options.extras)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
