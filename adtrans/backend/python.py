"""Generated source run by CPython.

    function = load_module("def square(x):\n    return x * x\n", "square", "square")
    function(3.0)                          # 9.0; a traceback through it shows the generated line

The text is executed as it stands and registered with `linecache`, which is where tracebacks, `pdb` and
`inspect` look for the source of a file that is not on disk.
"""

import itertools
import linecache
import types
import weakref
from collections.abc import Callable

_numbers = itertools.count(1)


def load_module(text: str, entry: str, filename_hint: str) -> Callable:
    """The function named `entry` of the module whose source is `text`, run by CPython."""
    filename = f"<adtrans {filename_hint} {next(_numbers)}>"
    function = execute(text, f"adtrans_{entry}", filename).__dict__[entry]
    # Source that nothing can run any more need not be kept for tracebacks.
    weakref.finalize(function, linecache.cache.pop, filename, None).atexit = False
    return function


def execute(text: str, name: str, filename: str) -> types.ModuleType:
    """Execute `text` as the module `name`; its functions say they come from `filename`."""
    module = types.ModuleType(name)
    module.__file__ = filename
    # Without a time of modification linecache keeps the lines, whether or not there is such a file.
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec", dont_inherit=True), module.__dict__)
    return module
