"""A random program as an object: its text, and the module that text makes.

In: source text. Out: `Program`; `load` executes it from a source that `inspect` can find, `unload` forgets
it.
"""

import linecache
import sys
import types
from dataclasses import dataclass, field


@dataclass
class Program:
    """A module's text with `f` and `arguments`, the arguments to differentiate, the constructs in it."""

    seed: int
    source: str
    argnums: object
    constructs: frozenset = frozenset()
    single: bool = False
    module: types.ModuleType | None = field(default=None, repr=False)

    @property
    def name(self):
        """The module's name."""
        return f"random_program_{self.seed}"

    def load(self):
        """Execute the text as a module; the function under test."""
        if self.module is None:
            filename = f"<{self.name}>"
            lines = self.source.splitlines(keepends=True)
            linecache.cache[filename] = (len(self.source), None, lines, filename)
            self.module = types.ModuleType(self.name)
            self.module.__file__ = filename
            sys.modules[self.name] = self.module
            exec(compile(self.source, filename, "exec"), self.module.__dict__)
        return self.module.f

    def unload(self):
        """Forget the module."""
        sys.modules.pop(self.name, None)
        linecache.cache.pop(f"<{self.name}>", None)
        self.module = None

    def args(self):
        """Newly made arguments."""
        self.load()
        return self.module.arguments()
