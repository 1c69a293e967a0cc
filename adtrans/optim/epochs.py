"""Epochs in compiled code: batches, gradients and steps without returning to Python.

In: the compiled gradient of a loss, what its arguments are, and an optimizer's compiled step. Out: a function that goes
through batches until an epoch ends, or told to stop, generated as readable text:

    while control[EPOCH] < control[LAST]:
        shuffle the order of rows, unless in the middle of an epoch
        for each batch: gather its rows, add its gradient to the buffers
        one step of the optimizer, buffers back to zero

`control` holds where it is, so that it can go on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Places in `control`: the epoch, the first of this call, the one to stop before, the row in the epoch, rows of a
# batch, batches to a step, steps until Python is asked (-1: never), whether to skip what is not finite, how the call
# ended, and the steps that were skipped.
EPOCH, FIRST, LAST, ROW, SIZE, GROUP, LEFT, SKIP, STATUS, SKIPPED = range(10)
CONTROLS = 10
FINISHED, NOT_FINITE, PAUSED = 0, 1, 2

SHUFFLE = """
def shuffle(order, random):
    for i in range(order.shape[0]):
        order[i] = i
    state = random[0]
    for i in range(order.shape[0] - 1, 0, -1):
        state = state + uint64(0x9E3779B97F4A7C15)
        z = (state ^ (state >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
        z = z ^ (z >> uint64(31))
        k = int64(float64(z >> uint64(11)) * 1.1102230246251565e-16 * float64(i + 1))
        kept = order[i]
        order[i] = order[k]
        order[k] = kept
    random[0] = state
"""


# What is in braces is filled in by `Epochs`.
BODY = """
def epochs({names}, leaves, values, hyper, memory, counter):
    rows = order.shape[0]
    size = control[{SIZE}]
    while control[{EPOCH}] < control[{LAST}]:
        epoch = control[{EPOCH}]
        place = 2 * (epoch - control[{FIRST}])
        at = control[{ROW}]
        {shuffling}
        while at < rows:
            # the mean of the batches of one step
            batches = min(control[{GROUP}], (rows - at + size - 1) // size)
            finite = True
            {turning}
            for _ in range(batches):
                n = min(size, rows - at)
                {gathering}
                found = gradient({given})
                loss = float64({loss})
                {numbers}
                at += n
                if loss - loss == 0.0:
                    sums[place] += loss * n
                    sums[place + 1] += n
                else:
                    finite = False
                    if control[{SKIP}] == 0:
                        control[{ROW}] = at
                        control[{STATUS}] = {NOT_FINITE}
                        return
            if finite:
                step(leaves, values, hyper, memory, counter)
            else:
                control[{SKIPPED}] += 1
            {clearing}
            control[{LEFT}] -= 1
            if control[{LEFT}] == 0 and at < rows:
                control[{ROW}] = at
                control[{STATUS}] = {PAUSED}
                return
        control[{ROW}] = 0
        control[{EPOCH}] = epoch + 1
        if control[{LEFT}] == 0:
            control[{STATUS}] = {PAUSED}
            return
    control[{STATUS}] = {FINISHED}
"""


@dataclass(frozen=True)
class Argument:
    """One argument of the compiled gradient: its type code, and what it is.

    `kind` is "param", "number" (a parameter that is a number), "data", "other" (static or captured) or "bar".
    """

    kind: str
    code: str


@dataclass(frozen=True)
class Epochs:
    """What the text depends on. `batches` is "whole", "sliced" (rows in their order) or "gathered" (shuffled).

    `place` is where the optimizer's memory tells whether the parameters are where gradients are taken, -1 for always.
    """

    arguments: tuple[Argument, ...]
    batches: str
    place: int = -1

    def parameters(self) -> list[tuple[str, str]]:
        """Names and type codes of the arrays that the function takes before those of the optimizer."""
        found = []
        for k, argument in enumerate(self.arguments):
            match argument.kind:
                case "number":
                    found.append((f"p{k}", f"{argument.code}:1:C"))
                case "data":
                    found.append((f"d{k}", argument.code))
                    if self.batches == "gathered":
                        found.append((f"r{k}", argument.code))
                case "param" | "bar" | "other":
                    found.append((f"p{k}", argument.code))
        found += [(f"n{k}", f"{argument.code}:1:C") for k, argument in enumerate(self.arguments)
                  if argument.kind == "number"]
        return found + [("order", "i8:1:C"), ("random", "u8:1:C"), ("control", "i8:1:C"), ("sums", "f8:1:C")]

    def signature(self, step: Sequence[str]) -> tuple[str, ...]:
        return (*(code for _, code in self.parameters()), *step)

    def text(self) -> str:
        """The module."""
        numbers = self.places("number")
        filled = {
            "names": ", ".join(name for name, _ in self.parameters()), "given": ", ".join(self.given()),
            "shuffling": ["if at == 0:", "    shuffle(order, random)"] if self.batches == "gathered" else [],
            "turning": [f"if memory[{self.place}] == 0.0:", "    turn(leaves, values, hyper, memory, counter)"]
            if self.place >= 0 else [], "gathering": self.gathering(), "loss": "found[0]" if numbers else "found",
            "numbers": [f"n{k}[0] += found[{j + 1}]" for j, k in enumerate(numbers)], "clearing": self.clearing(),
            **{name: value for name, value in globals().items() if name.isupper() and isinstance(value, int)},
        }
        lines: list[str] = []
        for line in BODY.strip("\n").split("\n"):
            found = filled.get(line.strip()[1:-1]) if line.strip().startswith("{") else None
            indent = line[:len(line) - len(line.lstrip())]
            lines += [line.format(**filled)] if found is None else [indent + inner for inner in found]
        head = '"""Epochs of training."""\n\nfrom numpy import float32, float64, int64, uint64\n\n'
        if self.batches == "gathered":
            head += SHUFFLE + "\n\n" + "".join(map(self.gather, self.places("data")))
        return head + "\n".join(lines) + "\n"

    def places(self, kind: str) -> list[int]:
        return [k for k, argument in enumerate(self.arguments) if argument.kind == kind]

    def given(self) -> list[str]:
        """What the gradient is called with."""
        found = []
        for k, argument in enumerate(self.arguments):
            match argument.kind:
                case "number":
                    found.append(f"p{k}[0]")
                case "data":
                    found.append({"whole": f"d{k}", "sliced": f"d{k}[at:at + n]",
                                  "gathered": f"r{k}[:n]"}[self.batches])
                case "seed":
                    found.append("float32(1.0 / batches)" if argument.code == "f4" else "1.0 / batches")
                case _:
                    found.append(f"p{k}")
        return found

    def gathering(self) -> list[str]:
        """Rows of a batch brought together."""
        if self.batches != "gathered":
            return []
        return [f"gather{k}(r{k}, d{k}, order, at, n)" for k in self.places("data")]

    def helpers(self) -> list[tuple[str, tuple[str, ...]]]:
        """Functions of the text that it calls, with their signatures; arrays given to one do not overlap."""
        if self.batches != "gathered":
            return []
        codes = [(k, self.arguments[k].code) for k in self.places("data")]
        return [("shuffle", ("i8:1:C", "u8:1:C")),
                *((f"gather{k}", (code, code, "i8:1:C", "i8", "i8")) for k, code in codes)]

    def gather(self, k: int) -> str:
        """The function that brings rows of an array together."""
        rank = int(self.arguments[k].code.split(":")[1])
        inner = [f"j{axis}" for axis in range(1, rank)]
        lines = [f"def gather{k}(batch, data, order, at, n):", "    for i in range(n):", "        row = order[at + i]"]
        for axis, name in enumerate(inner, 1):
            lines.append("    " * (axis + 1) + f"for {name} in range(data.shape[{axis}]):")
        lines.append("    " * (rank + 1) + f"batch[{', '.join(['i', *inner])}] = data[{', '.join(['row', *inner])}]")
        return "\n".join(lines) + "\n\n\n"

    def clearing(self) -> list[str]:
        """Buffers of the gradient back to zero."""
        lines = []
        for k in self.places("bar"):
            rank = int(self.arguments[k].code.split(":")[1])
            inner = [f"i{axis}" for axis in range(rank)]
            for axis, name in enumerate(inner):
                lines.append("    " * axis + f"for {name} in range(p{k}.shape[{axis}]):")
            lines.append("    " * rank + f"p{k}[{', '.join(inner) or '()'}] = 0.0")
        return lines + [f"n{k}[0] = 0.0" for k in self.places("number")]
