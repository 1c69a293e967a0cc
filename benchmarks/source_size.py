"""How the generated gradient grows with the function: nests of depth 1 to 8.

The command is `python benchmarks/source_size.py`. Each function is `depth` counted loops around a nonlinear
carried scalar, an element overwritten in place and a branch. Printed: lines and bytes of the function and of its
gradient, without the comments that repeat the function, and their ratios.
"""

import linecache
import tokenize
from io import StringIO

import numpy as np

import adtrans


def nest(depth):
    """The source of a function of `depth` nested loops, one statement of each kind at every level."""
    lines = ["def f(x, s):"]
    for k in range(depth):
        pad = "    " * (k + 1)
        lines += [f"{pad}for i{k} in range(x.shape[0]):",
                  f"{pad}    s = np.sin(s) + x[i{k}]",
                  f"{pad}    x[i{k}] = x[i{k}] * s",
                  f"{pad}    if s > 0.5:",
                  f"{pad}        s = s * 0.5"]
    return "\n".join([*lines, "    return s + np.sum(x)"]) + "\n"


def lines_and_bytes(text):
    """Lines and bytes of code, comments and empty lines left out."""
    kept = tokenize.untokenize(token[:2] for token in tokenize.generate_tokens(StringIO(text).readline)
                               if token.type not in (tokenize.COMMENT, tokenize.NL))
    return len(kept.splitlines()), len("".join(line.strip() for line in kept.splitlines()))


def main():
    print("depth   function: lines bytes   gradient: lines bytes   ratio: lines bytes (bytes without indentation)")
    for depth in range(1, 9):
        text, names = nest(depth), {"np": np}
        filename = f"<nest {depth}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        exec(compile(text, filename, "exec"), names)
        gradient = adtrans.grad(names["f"], argnums=(0, 1)).inspect_source(np.ones(3), 0.5)
        (a, b), (c, d) = lines_and_bytes(text), lines_and_bytes(gradient)
        print(f"{depth:5}{a:18}{b:6}{c:18}{d:6}{c / a:16.2f}{d / b:6.2f}")


if __name__ == "__main__":
    main()
