"""The command line: what each command prints, and that every mistake is one line and exit status 2."""

import importlib.metadata
import os
import subprocess
import sys

import pytest

from adtrans.__main__ import main

PROGRAM = '''
import math
import numpy as np

def energy(x, k):
    total = 0.0
    for i in range(1, len(x)):
        total += k * (x[i] - x[i - 1]) ** 2
    return total

def jump(s):
    return s if s > 0.0 else -3.0 * s

def broken(s):
    try:
        return math.log(s)
    except ValueError:
        return 0.0

def counts(n):
    return n + 1

class Rules:
    @staticmethod
    def square(s):
        return s * s

RATE = 2.0
'''


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    return str(file)


def test_source_prints_the_gradient(program, capsys):
    assert main(["source", f"{program}:energy", "--types", "f8[:], f8"]) == 0
    shown = capsys.readouterr().out
    compile(shown, "shown", "exec")
    assert "x_bar" in shown and "k_bar" in shown


def test_argnums_choose_what_is_differentiated(program, capsys):
    assert main(["source", f"{program}:energy", "--types", "f8[:], f8", "--argnums", "k"]) == 0
    assert "x_bar" not in capsys.readouterr().out


def test_check_agrees(program, capsys):
    assert main(["check", f"{program}:energy", "--types", "f8[:], f8", "--size", "20"]) == 0
    assert "agrees" in capsys.readouterr().out
    assert main(["check", f"{program}:Rules.square", "--types", "f8"]) == 0


def test_check_reports_a_wrong_gradient_with_status_1(program, capsys, monkeypatch):
    def disagree(*args, **options):
        raise AssertionError("gradient of energy with respect to x[0]: adtrans gives 1.0")

    monkeypatch.setattr("adtrans.check.check_grads", disagree)
    assert main(["check", f"{program}:energy", "--types", "f8[:], f8"]) == 1
    assert capsys.readouterr().err == "adtrans: gradient of energy with respect to x[0]: adtrans gives 1.0\n"


def test_bench_prints_one_row_per_size(program, capsys):
    assert main(["bench", f"{program}:energy", "--types", "f8[:], f8", "--sizes", "10,200"]) == 0
    header, small, large, first = capsys.readouterr().out.splitlines()
    assert "gradient / compiled" in header and "first call" in first
    assert small.split()[0] == "10" and large.split()[0] == "200"


def test_cache_info_and_clear(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ADTRANS_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["cache", "info"]) == 0
    assert str(tmp_path / "cache") in capsys.readouterr().out
    assert main(["cache", "clear"]) == 0
    assert "removed 0" in capsys.readouterr().out


MISTAKES = {
    "no such file": (["source", "nowhere.py:f", "--types", "f8"], "no such file"),
    "no function name": (["source", "{program}", "--types", "f8"], ""),
    "no such function": (["source", "{program}:force", "--types", "f8"], "force"),
    "not a function": (["source", "{program}:RATE", "--types", "f8"], "RATE"),
    "not in the language": (["source", "{program}:broken", "--types", "f8"], "program.py:15:"),
    "nothing to differentiate": (["source", "{program}:counts", "--types", "i8"], "no floating-point"),
    "unknown type": (["source", "{program}:jump", "--types", "f9"], "f9"),
    "wrong number of arguments": (["check", "{program}:jump", "--types", "f8, f8"], "2 arguments"),
    "unknown argument": (["check", "{program}:jump", "--types", "f8", "--argnums", "z"], "z"),
    "types missing": (["check", "{program}:jump"], "--types"),
    "unknown command": (["differentiate"], "differentiate"),
    "no command": ([], "COMMAND"),
    "unknown cache action": (["cache", "burn"], "burn"),
    "sizes that are not numbers": (["bench", "{program}:jump", "--types", "f8", "--sizes", "a"], "sizes"),
    "size zero": (["bench", "{program}:jump", "--types", "f8", "--sizes", "0"], "sizes"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(name, program, capsys):
    argv, words = MISTAKES[name]
    try:
        status = main([part.format(program=program) for part in argv])
    except SystemExit as stop:
        status = stop.code
    shown = capsys.readouterr()
    assert status == 2 and shown.out == ""
    assert shown.err.count("\n") == 1 and shown.err.startswith("adtrans: ") and words in shown.err


def test_the_module_runs_and_stays_light(program):
    environment = {**os.environ, "PYTHONWARNINGS": ""}
    done = subprocess.run([sys.executable, "-m", "adtrans", "source", f"{program}:jump", "--types", "f8"],
                          capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and "s_bar" in done.stdout, done.stderr
    light = "import sys, adtrans; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", light], env=environment).returncode == 0


def test_the_command_is_installed():
    try:
        scripts = importlib.metadata.entry_points(group="console_scripts", name="adtrans")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not installed")
    assert all(script.value == "adtrans.__main__:main" for script in scripts)
