"""The disk cache under damage, faults of the operating system, and many processes killed while they write.

    python -m tests.campaigns.cache_torture --processes 16 --rounds 20

Every stage counts what it tried. A wrong result is a read that gives other bytes than were published; an
exception is one that leaves the cache; a crash is a process that died of anything but our signal. The exit
status is 0 when all three are 0. A round is 250 bit flips, and 2 kills per process.
"""

import argparse
import contextlib
import errno
import hashlib
import io
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from adtrans import cache

KEYS = [cache.digest("torture", number) for number in range(6)]
SIZES = {"module.py": 700, "record.json": 150, "native": 40_000}


def content(key: str, name: str) -> bytes:
    """What the file `name` of the entry `key` has to hold."""
    block = hashlib.sha256(f"{key} {name}".encode()).digest()
    return (block * (SIZES[name] // 32 + 1))[: SIZES[name]]


def publish(key: str) -> Path | None:
    """Publish the entry of `key`."""

    def fill(place: Path) -> None:
        for name in SIZES:
            (place / name).write_bytes(content(key, name))

    return cache.publish(key, fill)


def is_right(key: str, entry: cache.Entry) -> bool:
    return entry.files == {name: content(key, name) for name in SIZES}


# Damage to the files of one entry.


def damages(place: Path, flips: int, rng: random.Random) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Every truncation of the small files, random bit flips of all files, and damage to the directory."""
    files = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
    for name, old in files.items():
        lengths = range(len(old)) if len(old) < 1000 else sorted(rng.sample(range(len(old)), 200))
        for length in lengths:
            yield "truncated", lambda at, name=name, new=old[:length]: (at / name).write_bytes(new)
        yield "extended", lambda at, name=name, new=old + b"\0": (at / name).write_bytes(new)
        yield "extended", lambda at, name=name, new=old + b"\n": (at / name).write_bytes(new)
        yield "removed", lambda at, name=name: (at / name).unlink()
        yield "linked", lambda at, name=name: link_elsewhere(at / name)
        yield "piped", lambda at, name=name: replace_by_pipe(at / name)
    for _ in range(flips):
        name = rng.choice([*files, cache.MANIFEST])
        bit = rng.randrange(8 * len(files[name]))
        yield "flipped", lambda at, name=name, bit=bit: flip(at / name, bit)
    yield "added", lambda at: (at / "extra").write_bytes(b"")
    yield "added", lambda at: (at / "folder").mkdir()
    yield "swapped", lambda at: swap(at / "module.py", at / "native")
    yield "opened to all", lambda at: at.chmod(0o777)
    yield "opened to group", lambda at: at.chmod(0o750)
    yield "emptied", lambda at: [path.unlink() for path in at.iterdir()]
    yield "became a file", replace_by_file
    yield "became a link", replace_by_link
    yield "another key's", lambda at: rename_entry(at, KEYS[1])


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def swap(first: Path, second: Path) -> None:
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)


def link_elsewhere(path: Path) -> None:
    target = path.parent.parent.parent / "elsewhere"
    target.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(target)


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_file(place: Path) -> None:
    shutil.rmtree(place)
    place.write_bytes(b"not a directory")


def replace_by_link(place: Path) -> None:
    target = place.parent.parent / "moved"
    shutil.rmtree(target, ignore_errors=True)
    place.rename(target)
    place.symlink_to(target)


def rename_entry(place: Path, key: str) -> None:
    shutil.rmtree(place)
    cache.discard(key)
    publish(key)
    (place.parent / key).rename(place)


def damage_stage(flips: int, seed: int) -> Counter:
    """Damage one entry in every way, and see that it is refused, removed and can be made again."""
    tally, key = Counter(), KEYS[0]
    publish(key)
    place = cache.location(key)
    for kind, damage in list(damages(place, flips, random.Random(seed))):
        with counted(tally):
            damage(place)
            tally[kind] += 1
            tally["wrong"] += cache.read(key) is not None
            again = publish(key)
            tally["wrong"] += again is None or not is_right(key, cache.read(key))
    return tally


# Faults of the operating system.


def fault_stage() -> Counter:
    """Let each call to the operating system fail in turn, one at a time, with each of the usual errors."""
    tally = Counter()
    for name in "rename mkdir makedirs open close fsync listdir lstat fstat utime chmod".split():
        for number in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EMFILE, errno.ENOTEMPTY):
            for nth in range(40):
                if not fault(tally, name, number, nth):
                    break
    for number in (errno.ENOSPC, errno.EROFS):
        failing = mock.patch.object(Path, "write_bytes", side_effect=OSError(number, "simulated"))
        with counted(tally), failing:
            cache.clear()
            tally["wrong"] += publish(KEYS[0]) is not None
            tally["faults"] += 1
    return tally


def fault(tally: Counter, name: str, number: int, nth: int) -> bool:
    """Publish, read and clear with the `nth` call of `os.name` failing; whether there was such a call."""
    original, count = getattr(os, name), iter(range(1_000_000))
    hit = []

    def sometimes(*args, **kwargs):
        if next(count) == nth:
            hit.append(name)
            if name == "close":
                original(*args, **kwargs)
            raise OSError(number, "simulated")
        return original(*args, **kwargs)

    key = KEYS[nth % 2]
    with counted(tally), mock.patch.object(os, name, sometimes):
        cache.clear()
        publish(key)
        entry = cache.read(key)
        tally["wrong"] += entry is not None and not is_right(key, entry)
        cache.info()
        cache.discard(key)
    with counted(tally):
        publish(key)
        entry = cache.read(key)
        tally["wrong"] += entry is None or not is_right(key, entry)
    tally["faults"] += bool(hit)
    return bool(hit)


def place_stage(root: Path) -> Counter:
    """Places where there can be no store."""
    tally = Counter()
    blocker = root / "file"
    blocker.write_bytes(b"")
    shared = root / "shared"
    (shared / f"v{cache.FORMAT}").mkdir(parents=True)
    (shared / f"v{cache.FORMAT}").chmod(0o777)
    linked = root / "linked"
    linked.mkdir()
    (linked / f"v{cache.FORMAT}").symlink_to(root)
    places = [blocker, blocker / "below", shared, linked, "/proc/1/none", "/dev/null", "/dev/full/below"]
    for place in places:
        with elsewhere(str(place)), counted(tally):
            tally["wrong"] += publish(KEYS[0]) is not None or cache.read(KEYS[0]) is not None
            tally["wrong"] += cache.info()["entries"] != 0 or cache.clear() != 0
            tally["places"] += 1
    return tally


@contextlib.contextmanager
def elsewhere(place: str) -> Iterator[None]:
    with mock.patch.dict(os.environ, ADTRANS_CACHE_DIR=place):
        yield


@contextlib.contextmanager
def counted(tally: Counter) -> Iterator[None]:
    try:
        yield
    except Exception:
        tally["exceptions"] += 1
        traceback.print_exc()


# Many processes.


@dataclass(frozen=True)
class Job:
    """What a crowd works on: `make` an entry, `take` it (None: not there; else whether it was right)."""

    make: Callable[[str], object]
    take: Callable[[str], bool | None]


def take_files(key: str) -> bool | None:
    entry = cache.read(key)
    return is_right(key, entry) if entry else None


def make_function(key: str):
    from adtrans.backend import cpu

    factor = KEYS.index(key) + 2
    text = f"def scaled(x):\n    y = 0.0\n    for i in range(10):\n        y += x * {factor}\n    return y\n"
    return cpu.compile_module(text, "scaled", ("f8",), key=key, meta={})


def take_function(key: str) -> bool | None:
    from adtrans.backend import cpu

    compiled = cpu.load(key)
    return compiled.function(0.5) == 5.0 * (KEYS.index(key) + 2) if compiled else None


FILES, FUNCTIONS = Job(publish, take_files), Job(make_function, take_function)


def work(job: Job, seed: float, complaints: Path, tallies, deadline: float) -> None:
    """Make, take, damage and remove entries until the deadline; complain about whatever is wrong."""
    rng = random.Random(seed)
    while time.monotonic() < deadline:
        key = rng.choice(KEYS)
        try:
            match rng.choices(["take", "make", "discard", "damage", "clear"], [60, 25, 5, 9, 1])[0]:
                case "take":
                    right = job.take(key)
                    tallies[0] += 1
                    tallies[1] += right is not None
                    if right is False:
                        raise AssertionError(f"wrong content of {key}")
                case "make":
                    tallies[2] += job.make(key) is not None
                case "discard":
                    cache.discard(key)
                case "damage":
                    with contextlib.suppress(OSError, IndexError):  # others damage the same file
                        target = cache.location(key) / rng.choice([*SIZES, cache.MANIFEST])
                        flip(target, rng.randrange(8 * target.stat().st_size or 1))
                case "clear":
                    cache.clear()
        except Exception:
            text = io.StringIO()
            traceback.print_exc(file=text)
            with open(complaints, "a") as file:
                file.write(text.getvalue() + "\0")


def crowd_stage(job: Job, processes: int, kills: int, seconds: float, root: Path, seed: int) -> Counter:
    """`processes` at a time at work on the same few keys, each killed at a random moment and replaced."""
    tally, rng = Counter(), random.Random(seed)
    context = multiprocessing.get_context("fork")
    complaints = root / f"complaints-{time.monotonic_ns()}"
    with contextlib.suppress(Exception):
        job.take(KEYS[0])  # imports here, once, rather than in every process
    # Without a lock: a killed process would keep it.
    tallies = context.RawArray("q", 3 * processes)
    views = [memoryview(tallies).cast("B").cast("q")[3 * i : 3 * i + 3] for i in range(processes)]
    deadline = time.monotonic() + seconds

    def start(slot: int):
        worker = context.Process(target=work, args=(job, rng.random(), complaints, views[slot], deadline))
        worker.start()
        return worker

    workers = [start(slot) for slot in range(processes)]
    pause = seconds / max(1, kills)
    while time.monotonic() < deadline:
        time.sleep(rng.uniform(0, 2 * pause))
        slot = rng.randrange(processes)
        if workers[slot].is_alive():
            os.kill(workers[slot].pid, signal.SIGKILL)
            tally["killed"] += 1
        workers[slot].join()
        tally["crashes"] += workers[slot].exitcode not in (0, -signal.SIGKILL)
        workers[slot] = start(slot)
    for worker in workers:
        worker.join()
        tally["crashes"] += worker.exitcode not in (0, -signal.SIGKILL)
    tally["taken"], tally["found"], tally["made"] = (sum(tallies[i::3]) for i in range(3))
    if complaints.exists():
        found = complaints.read_text().split("\0")[:-1]
        print("\n".join(found[:5]), file=sys.stderr)
        tally["wrong"] += sum("wrong content" in text for text in found)
        tally["exceptions"] += sum("wrong content" not in text for text in found)
    return tally


def leftovers_stage() -> Counter:
    """What killed writers left goes away once it is old; the directory of a living writer stays."""
    tally = Counter()
    store = cache.location(KEYS[0]).parent
    old = time.time() - 2 * cache.ABANDONED_AFTER
    tally["left by killed writers"] = len([*store.glob(".new-*"), *store.glob(".old-*")])

    def fill(place: Path) -> None:
        (place / "file").write_bytes(b"alive")
        for path in (*store.glob(".new-*"), store / ".swept"):
            with contextlib.suppress(OSError):
                os.utime(path, (old, old))
        publish(KEYS[1])
        tally["wrong"] += not place.exists()
        tally["wrong"] += len([*store.glob(".new-*"), *store.glob(".old-*")]) != 1

    cache.clear()
    with counted(tally):
        tally["wrong"] += cache.publish(KEYS[0], fill) is None
    return tally


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    kills = 2 * options.rounds * options.processes
    seconds = kills * 0.05 + 1.0
    failures = 0
    with tempfile.TemporaryDirectory() as folder, elsewhere(os.path.join(folder, "cache")):
        root = Path(folder)
        stages = {
            "damage": lambda: damage_stage(250 * options.rounds, options.seed),
            "faults": fault_stage,
            "places": lambda: place_stage(root),
            "crowd": lambda: crowd_stage(FILES, options.processes, kills, seconds, root, options.seed),
            "compiling crowd": lambda: crowd_stage(
                FUNCTIONS, options.processes, kills, 3 * seconds, root, options.seed
            ),
            "leftovers": leftovers_stage,
        }
        for name, stage in stages.items():
            started = time.perf_counter()
            tally = stage()
            bad = {kind: tally.pop(kind, 0) for kind in ("wrong", "exceptions", "crashes")}
            failures += sum(bad.values())
            counts = [f"{count} {kind}" for kind, count in (dict(tally) | bad).items()]
            print(f"{name} ({time.perf_counter() - started:.1f} s): {', '.join(counts)}", flush=True)
    print("failed" if failures else "passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
