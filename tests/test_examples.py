"""Every file in examples runs, and its closing assertions hold."""

import runpy
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_example(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "assert " in path.read_text().splitlines()[-1]
    runpy.run_path(str(path), run_name="__main__")


def test_there_are_examples():
    assert len(FILES) >= 5
