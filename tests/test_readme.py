"""The README shows what is true: its example, the gradient generated for it, its commands.

`python -m tests.test_readme` writes the gradient and the table of functions as they are now into the README.
"""

import doctest
import re
from pathlib import Path

import numpy as np

import adtrans
from adtrans import optim
from adtrans.coverage import table
from examples.relax import relax

README = Path(__file__).parents[1] / "README.md"
TABLE = re.compile(r"(?<=<!-- functions -->\n).*?(?=\n?<!-- end -->)", re.DOTALL)
GENERATED = re.compile(r"(?<=```python\n)(# grad of |GENERATED).*?(?=\n```)", re.DOTALL)


def generated():
    return adtrans.grad(relax).inspect_source(np.ones(3), 0.4, 1e-4).rstrip()


def test_the_printed_gradient_is_the_generated_one():
    assert GENERATED.search(README.read_text()).group() == generated()


def test_the_table_of_functions_is_the_one_in_the_code():
    assert TABLE.search(README.read_text()).group() == table()


def test_the_function_is_the_example():
    shown = re.search(r"def relax.*?np\.sum\(u\)\n", README.read_text(), re.DOTALL).group()
    assert shown in (README.parent / "examples" / "relax.py").read_text()


def test_the_session_gives_what_it_shows():
    text = "\n".join(re.findall(r"```python\n(>>> .*?)```", README.read_text(), re.DOTALL))
    session = doctest.DocTestParser().get_doctest(text, {"np": np, "optim": optim}, "README", str(README), 0)
    assert len(session.examples) >= 6
    assert doctest.DocTestRunner().run(session).failed == 0


def test_the_first_shell_lines_are_the_two_commands():
    lines = re.search(r"```sh\n(.*?)```", README.read_text(), re.DOTALL).group(1).splitlines()
    assert [line.split("#")[0].strip() for line in lines[:2]] == ["make demo", "make test"]


def test_it_is_short():
    assert len(README.read_text().splitlines()) < 120


if __name__ == "__main__":
    text = GENERATED.sub(lambda match: generated(), README.read_text(), count=1)
    README.write_text(TABLE.sub(lambda match: table(), text, count=1))
