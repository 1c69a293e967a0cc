"""Laws of the disk cache: all of an entry or nothing, whatever happens to the disk and to other processes."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from adtrans import cache, fingerprint

ROOT = Path(__file__).parents[1]
KEY = cache.digest("one")
OTHER = cache.digest("other")


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("ADTRANS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("ADTRANS_CACHE", raising=False)
    return tmp_path / "cache" / f"v{cache.FORMAT}"


def write(place):
    (place / "module.py").write_text("x = 1\n")
    (place / "native").write_bytes(bytes(range(256)))


def run_python(code, **environment):
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def leftovers(store):
    return [path.name for path in store.iterdir() if path.name.startswith((".new-", ".old-"))]


def test_published_entry_is_fetched_with_its_bytes(store):
    assert cache.fetch(KEY) is None
    path = cache.publish(KEY, write)
    assert path == store / KEY == cache.location(KEY) == cache.fetch(KEY)
    assert cache.read(KEY).files == {"module.py": b"x = 1\n", "native": bytes(range(256))}
    assert cache.fetch(OTHER) is None
    assert leftovers(store) == []


def test_entries_are_private(store):
    path = cache.publish(KEY, write)
    assert [p.stat().st_mode & 0o777 for p in (store.parent, store, path)] == [0o700] * 3


def test_another_process_finds_the_entry():
    cache.publish(KEY, write)
    assert run_python(f"from adtrans import cache; print(cache.fetch({KEY!r}))") == str(cache.fetch(KEY))


@pytest.mark.parametrize("key", ["", ".", "..", "a/b", "../a", "a\0b", "a\n", ".new-1", "é", "x" * 5000])
def test_keys_that_name_no_entry(key):
    assert cache.fetch(key) is None
    assert cache.publish(key, write) is None
    cache.discard(key)


def test_off_by_environment(monkeypatch, store):
    cache.publish(KEY, write)
    monkeypatch.setenv("ADTRANS_CACHE", "0")
    assert cache.fetch(KEY) is None
    assert cache.publish(OTHER, write) is None
    assert cache.info()["enabled"] is False
    assert cache.clear() == 0
    monkeypatch.setenv("ADTRANS_CACHE", "1")
    assert cache.fetch(KEY)


def test_first_of_two_writers_wins(store):
    def second(place):
        (place / "who").write_text("second")
        cache.publish(KEY, lambda inner: (inner / "who").write_text("first"))

    assert cache.publish(KEY, second) == store / KEY
    assert cache.read(KEY).files == {"who": b"first"}
    assert leftovers(store) == []


def test_good_entry_replaces_a_damaged_one():
    path = cache.publish(KEY, write)
    (path / "native").write_bytes(b"")
    assert cache.publish(KEY, write) == path
    assert cache.read(KEY).files["native"] == bytes(range(256))


@pytest.mark.parametrize("error", [OSError(28, "no space left"), RuntimeError("a fault in the writer")])
def test_failing_writer_leaves_nothing(error, store):
    def fail(place):
        write(place)
        raise error

    assert cache.publish(KEY, fail) is None
    assert cache.fetch(KEY) is None
    assert leftovers(store) == []


def test_folders_and_odd_names_are_no_entry():
    assert cache.publish(KEY, lambda place: (place / "folder").mkdir()) is None
    assert cache.publish(KEY, lambda place: (place / "two\nlines").touch()) is None
    assert cache.fetch(KEY) is None


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_entry_open_to_others_is_refused_and_removed(mode):
    path = cache.publish(KEY, write)
    path.chmod(mode)
    assert cache.fetch(KEY) is None
    assert not path.exists()


def test_store_open_to_others_is_refused(store):
    cache.publish(KEY, write)
    store.chmod(0o770)
    assert cache.fetch(KEY) is None
    assert cache.publish(OTHER, write) is None
    store.chmod(0o700)
    assert cache.fetch(KEY)


def test_somebody_elses_store_is_refused(monkeypatch):
    cache.publish(KEY, write)
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)
    assert cache.fetch(KEY) is None
    assert cache.publish(OTHER, write) is None


@pytest.mark.parametrize("place", ["file", "file/below", "nul"])
def test_places_without_a_store(tmp_path, monkeypatch, place):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ADTRANS_CACHE_DIR", "/dev/null" if place == "nul" else str(tmp_path / place))
    assert cache.publish(KEY, write) is None
    assert cache.fetch(KEY) is None
    assert cache.info()["entries"] == cache.clear() == 0


def test_info_and_clear(store):
    assert cache.info() == {"location": str(store.parent), "enabled": True, "entries": 0, "bytes": 0}
    for key in (KEY, OTHER):
        cache.publish(key, write)
    assert cache.info()["entries"] == 2
    assert cache.info()["bytes"] > 2 * 262
    assert cache.clear() == 2
    assert cache.fetch(KEY) is None
    assert cache.info()["entries"] == cache.info()["bytes"] == 0


def test_longest_unused_entries_are_evicted(monkeypatch):
    monkeypatch.setattr(cache, "SWEEP_EVERY", 0.0)
    keys = [cache.digest(number) for number in range(5)]
    for age, key in enumerate(keys[:4]):
        path = cache.publish(key, write)
        os.utime(path, (1e9 + age, 1e9 + age))
    assert cache.fetch(keys[0])  # now the most recently used
    size = cache.info()["bytes"] // 4
    monkeypatch.setattr(cache, "MAX_BYTES", 3 * size + size // 2)
    cache.publish(keys[4], write)
    assert [bool(cache.fetch(key)) for key in keys] == [True, False, False, True, True]


def test_relative_place_and_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADTRANS_CACHE_DIR", "here")
    assert str(cache.publish(KEY, write)).startswith(str(tmp_path / "here"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ADTRANS_CACHE_DIR", "~/there")
    assert str(cache.publish(KEY, write)).startswith(str(tmp_path / "there"))
    monkeypatch.delenv("ADTRANS_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.publish(KEY, write)
    assert "adtrans" in cache.info()["location"]


def test_torture_at_small_scale():
    """Truncations, bit flips, faults of every system call, kill -9 while writing: see the campaign."""
    module = "tests.campaigns.cache_torture"
    command = [sys.executable, "-m", module, "--processes", "4", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "passed"


DISTINCT = [
    (), ("",), ("a",), ("a", ""), ("", "a"), ("ab", "c"), ("a", "bc"), ("abc",), (b"abc",), (("abc",),),
    (["abc"],), (None,), ("None",), (0,), (False,), (0.0,), (-0.0,), (0j,), ("0",), (float("nan"),), (1,),
    (1.0,), (True,), ({"a": 1},), ({"a": 2},), ({"a": 1, "b": 2},), ({"a", "b"},), (("a", "b"),), ((), ()),
    (((),),), (10**30,), (np.float64(1.0),), (np.float32(1.0),), (np.int64(1),), (np.zeros(2),),
    (np.zeros(2, np.float32),), (np.zeros((2, 1)),), (np.zeros((1, 2)),), (np.array([0.0, -0.0]),),
    (np.zeros(2, np.int64),),
]  # fmt: skip


def test_digest_tells_everything_apart():
    digests = [cache.digest(*parts) for parts in DISTINCT]
    for (one, first), (two, second) in itertools.combinations(zip(DISTINCT, digests), 2):
        assert first != second, (one, two)


def test_digest_is_the_same_everywhere():
    code = "import adtrans.cache as c; print(c.digest({'a', 'b', 'c'}, {'x': 1, 'y': (2.5, None)}, b'z'))"
    seen = {run_python(code, PYTHONHASHSEED=seed) for seed in ("1", "2")}
    assert seen == {cache.digest({"c", "b", "a"}, {"y": (2.5, None), "x": 1}, b"z")}


def test_digest_of_strided_array_is_that_of_its_values():
    values = np.arange(12.0).reshape(3, 4)
    assert cache.digest(values.T) == cache.digest(values.T.copy())
    assert cache.digest(values[:, ::2]) == cache.digest(values[:, ::2].copy())


@pytest.mark.parametrize("part", [object(), len, np.array([object()]), [object()], {1: object()}])
def test_no_digest_by_identity(part):
    with pytest.raises(TypeError):
        cache.digest(part)


def test_environment_digest_follows_what_changes_the_code(monkeypatch):
    plain = cache.environment_digest()
    assert plain == cache.environment_digest() == run_python(
        "from adtrans.cache import environment_digest; print(environment_digest())"
    )
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert cache.environment_digest() == plain
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert cache.environment_digest() != plain


@pytest.mark.parametrize("name", ["_processor", "_package_digest"])
def test_environment_digest_follows_processor_and_package(monkeypatch, name):
    plain = fingerprint._installation_digest.__wrapped__()
    monkeypatch.setattr(fingerprint, name, lambda: "changed")
    assert fingerprint._installation_digest.__wrapped__() != plain
