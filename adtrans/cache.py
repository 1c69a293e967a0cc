"""The disk cache: a content-addressed store of small directories of files.

In: a key (`digest` of everything that decides the content) and a function that writes files into a
directory. Out: that directory, complete and verified, or None. A None always means "make it again"; nothing
here raises for the state of the disk.

    key = digest("square", source_text, environment_digest())
    place = fetch(key) or publish(key, lambda place: (place / "square.py").write_text(source_text))

An entry is written in a private sibling directory, sealed by a manifest with the SHA-256 of every file,
flushed and renamed into place, so that readers see all of it or nothing. `read` hands out the very bytes it
verified: what was checked is what is used, whatever other processes do to the directory meanwhile.

ADTRANS_CACHE_DIR moves the store, ADTRANS_CACHE=0 turns it off. Where the owner of a directory cannot be
checked (no `os.geteuid`), there is no store.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adtrans.fingerprint import digest, environment_digest

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "Entry", "clear", "digest", "discard", "environment_digest", "fetch", "info", "location", "publish",
    "read",
]

FORMAT = 1
MANIFEST = "MANIFEST"
MAX_BYTES = 1 << 30
ABANDONED_AFTER = 3600.0
SWEEP_EVERY = 3600.0

_MAX_MANIFEST_BYTES = 1 << 20
_TRANSIENT = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN}
_OCCUPIED = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}
_NEW, _OLD, _SWEPT = ".new-", ".old-", ".swept"


class Damaged(ValueError):
    """An entry that differs from its manifest, or that somebody else may have written."""


@dataclass(frozen=True)
class Entry:
    """A verified entry: its directory, and the bytes of its files as they were when verified."""

    path: Path
    files: dict[str, bytes]


def fetch(key: str) -> Path | None:
    """The directory of the complete, verified entry of `key`, or None.

    >>> fetch("no such key") is None
    True
    """
    entry = read(key)
    return entry.path if entry else None


def read(key: str) -> Entry | None:
    """The verified entry of `key` with its files' bytes, or None; a damaged entry is removed."""
    path = location(key)
    if path is None or _store() is None:
        return None
    try:
        inode = os.lstat(path).st_ino
    except OSError:
        return None
    try:
        files = _verified_files(path, key)
    except ValueError:
        _remove_entry(path, inode)
    except OSError as error:
        if error.errno not in _TRANSIENT:
            _remove_entry(path, inode)
    else:
        # Eviction takes the entry that was used longest ago.
        with contextlib.suppress(OSError):
            os.utime(path)
        return Entry(path, files)
    return None


def location(key: str) -> Path | None:
    """Where the entry of `key` is or would be; None when the cache is off."""
    directory = _directory()
    return directory / key if directory and key.isalnum() and key.isascii() else None


def publish(key: str, fill: Callable[[Path], object]) -> Path | None:
    """Make the entry of `key` from the files that `fill(directory)` writes; its directory, or None.

    Where another process published the same key first, its entry is kept and returned.
    """
    store = _store(create=True)
    path = location(key)
    if store is None or path is None:
        return None
    try:
        with _workplace(store) as place:
            fill(place)
            _seal(place, key)
            installed = _install(place, path)
        with contextlib.suppress(OSError):
            _sweep_sometimes(store)
    except Exception:  # whatever stops an entry from being written costs time, never a result
        return None
    return installed


def discard(key: str) -> None:
    """Remove the entry of `key`, if there is one and it can be removed."""
    path = location(key)
    if path is not None and _store() is not None:
        with contextlib.suppress(OSError):
            _remove_entry(path, os.lstat(path).st_ino)


def info() -> dict:
    """What `adtrans cache info` prints: location, enabled, entries and bytes."""
    store = _store()
    found = list(_entries(store)) if store else []
    return {
        "location": str(_root() or ""),
        "enabled": _enabled(),
        "entries": len(found),
        "bytes": sum(size for _, size, _ in found),
    }


def clear() -> int:
    """Remove every entry and what killed writers left behind; the number of entries removed."""
    store = _store()
    if store is None:
        return 0
    removed = 0
    for _, _, path in list(_entries(store)):
        with contextlib.suppress(OSError):
            _remove_entry(path, os.lstat(path).st_ino)
            removed += not path.exists()
    _remove_leftovers(store, older_than=0.0)
    return removed


# The store: one private directory, a subdirectory per entry.


def _enabled() -> bool:
    return os.environ.get("ADTRANS_CACHE", "1") != "0" and hasattr(os, "geteuid")


def _root() -> Path | None:
    named = os.environ.get("ADTRANS_CACHE_DIR")
    try:
        if named:
            return Path(os.path.abspath(os.path.expanduser(named)))
        import platformdirs  # here, since importing it costs as much as importing all of this package

        return Path(platformdirs.user_cache_dir("adtrans", appauthor=False))
    except (OSError, ValueError, RuntimeError):
        return None


def _directory() -> Path | None:
    root = _root() if _enabled() else None
    return root / f"v{FORMAT}" if root else None


def _store(create: bool = False) -> Path | None:
    """The directory of entries if it is there and nobody else can write to it."""
    store = _directory()
    if store is None:
        return None
    try:
        if create:
            os.makedirs(store.parent, mode=0o700, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.mkdir(store, mode=0o700)
        return store if _is_private(os.lstat(store)) else None
    except (OSError, ValueError):
        return None


def _is_private(status: os.stat_result) -> bool:
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return ours and stat.S_IMODE(status.st_mode) & 0o077 == 0


def _entries(store: Path) -> Iterator[tuple[float, int, Path]]:
    """Last use, bytes and path of every entry."""
    for path in _children(store):
        if not path.name.startswith("."):
            with contextlib.suppress(OSError):
                size = sum(os.lstat(file).st_size for file in _children(path))
                yield os.lstat(path).st_mtime, size, path


def _children(directory: Path) -> list[Path]:
    try:
        return [directory / name for name in sorted(os.listdir(directory))]
    except OSError:
        return []


# Reading.


def _verified_files(path: Path, key: str) -> dict[str, bytes]:
    if not _is_private(os.lstat(path)):
        raise Damaged("not a private directory of ours")
    listed = _parse_manifest(_read_file(path / MANIFEST), key)
    if set(os.listdir(path)) != {MANIFEST, *listed}:
        raise Damaged("files missing or added")
    files = {name: _read_file(path / name, size) for name, (size, _) in listed.items()}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != listed[name][1]:
            raise Damaged(f"{name} changed")
    return files


def _read_file(path: Path, size: int | None = None) -> bytes:
    """The bytes of a regular file of ours; `size` is what it must be, checked before reading."""
    # Without these flags a link would be followed, and opening a pipe would wait for its writer.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        limit = _MAX_MANIFEST_BYTES if size is None else size
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_size > limit:
            raise Damaged(f"{path.name} is not a file of ours of the expected size")
        content = file.read()
    if size is not None and len(content) != size:
        raise Damaged(f"{path.name} has another size")
    return content


def _manifest_head(key: str) -> list[str]:
    return [f"adtrans cache entry {FORMAT}", key]


def _parse_manifest(content: bytes, key: str) -> dict[str, tuple[int, str]]:
    """Name -> (size, SHA-256), from a manifest whose last line is the digest of the lines before it."""
    body, newline, seal = content[:-64], content[-65:-64], content[-64:]
    if newline != b"\n" or hashlib.sha256(body).hexdigest().encode() != seal:
        raise Damaged("manifest changed")
    lines = body.decode("ascii").splitlines()
    if lines[:2] != _manifest_head(key):
        raise Damaged("manifest of another entry")
    rows = (line.split(" ", 2) for line in lines[2:])
    return {name: (int(size), sha256) for sha256, size, name in rows}


# Writing.


@contextlib.contextmanager
def _workplace(store: Path) -> Iterator[Path]:
    """A fresh private directory, locked for as long as its writer lives, removed if it was not installed."""
    place = store / f"{_NEW}{_token()}"
    os.mkdir(place, mode=0o700)
    lock = None
    try:
        lock = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        if fcntl:
            with contextlib.suppress(OSError):  # a file system without locks: age alone decides
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _seal(place: Path, key: str) -> None:
    """Write the manifest of the files in `place` and flush all of them to the disk."""
    lines = _manifest_head(key)
    for path in _children(place):
        if not path.is_file() or not path.name.isascii() or not path.name.isprintable():
            raise ValueError(f"an entry holds plain files with plain names, not {path.name!r}")
        content = path.read_bytes()
        lines.append(f"{hashlib.sha256(content).hexdigest()} {len(content)} {path.name}")
    body = "".join(line + "\n" for line in lines).encode("ascii")
    (place / MANIFEST).write_bytes(body + hashlib.sha256(body).hexdigest().encode())
    for path in _children(place):
        _flush(path)
    _flush_directory(place)


def _install(place: Path, path: Path) -> Path | None:
    """Rename `place` to `path`; where a good entry is already there, that one stays."""
    for _ in range(3):
        try:
            os.rename(place, path)
        except OSError as error:
            if error.errno not in _OCCUPIED:
                raise
            if fetch(path.name):
                return path
        else:
            _flush_directory(path.parent)
            return path
    return None


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_directory(path: Path) -> None:
    with contextlib.suppress(OSError):  # not every file system can; the manifest tells what was lost
        _flush(path)


def _token() -> str:
    return f"{os.getpid()}-{os.urandom(8).hex()}"


# Removing.


def _remove_entry(path: Path, inode: int) -> None:
    """Remove the entry with this inode: renamed aside first, so that nobody reads half of it."""
    aside = path.parent / f"{_OLD}{_token()}"
    with contextlib.suppress(OSError):
        if os.lstat(path).st_ino == inode:
            os.rename(path, aside)
            _remove_tree(aside)


def _remove_tree(path: Path) -> None:
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            os.chmod(path, 0o700)  # nothing can be removed from a directory without write permission
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)


def _sweep_sometimes(store: Path) -> None:
    """Once in a while remove what killed processes left and, above MAX_BYTES, the entries longest unused."""
    mark = store / _SWEPT
    with contextlib.suppress(FileNotFoundError):
        if 0 <= time.time() - os.lstat(mark).st_mtime < SWEEP_EVERY:
            return
    mark.write_bytes(b"")
    _remove_leftovers(store, ABANDONED_AFTER)
    entries = sorted(_entries(store))
    excess = sum(size for _, size, _ in entries) - MAX_BYTES
    for _, size, path in entries:
        if excess <= 0:
            break
        _remove_entry(path, os.lstat(path).st_ino)
        excess -= size


def _remove_leftovers(store: Path, older_than: float) -> None:
    for path in _children(store):
        if path.name.startswith(_OLD):
            _remove_tree(path)
        elif path.name.startswith(_NEW):
            _remove_if_abandoned(path, older_than)


def _remove_if_abandoned(place: Path, older_than: float) -> None:
    """Remove a writer's directory if it is old and its writer is dead: a lock goes with its process."""
    with contextlib.suppress(OSError):
        if fcntl is None or time.time() - os.lstat(place).st_mtime < older_than:
            return
        lock = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_tree(place)
        finally:
            os.close(lock)
