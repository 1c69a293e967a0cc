"""Digests: what decides the content of a cache entry, as one short name.

    digest("f8", (1, 2.0), b"text")        # 64 hexadecimal digits, the same in every process
    environment_digest()                   # another one after an upgrade, or on another processor
"""

import functools
import hashlib
import os
import platform
import struct
import sys
from pathlib import Path


def digest(*parts: object) -> str:
    """SHA-256 of the parts, each encoded with its kind and length, so that no two lists of parts collide.

    Parts: None, bool, int, float, complex, str, bytes, NumPy scalars and arrays, and tuples, lists, dicts and
    sets of these; anything else is a TypeError.

    >>> digest("ab", "c") == digest("a", "bc"), digest(1) == digest(1.0), digest(0.0) == digest(-0.0)
    (False, False, False)
    """
    return hashlib.sha256(b"".join(map(_encode, parts))).hexdigest()


def _encode(part: object) -> bytes:
    kind, content = _content(part)
    return b"%s%d:%s" % (kind.encode(), len(content), content)


def _content(part) -> tuple[str, bytes]:
    if all(hasattr(part, name) for name in ("dtype", "shape", "tobytes")):
        if part.dtype.hasobject:
            raise TypeError("arrays of objects have no digest")
        return "a", _encode(repr(part.dtype.descr)) + _encode(tuple(part.shape)) + part.tobytes()
    match part:
        case None:
            return "n", b""
        case bool() | int():
            return type(part).__name__, str(int(part)).encode()
        case float():
            return "f", struct.pack("<d", part)
        case complex():
            return "c", struct.pack("<dd", part.real, part.imag)
        case str():
            return "s", part.encode("utf-8", "surrogatepass")
        case bytes() | bytearray():
            return "b", bytes(part)
        case tuple() | list():
            return type(part).__name__, b"".join(map(_encode, part))
        case dict():
            return "dict", b"".join(sorted(_encode(key) + _encode(value) for key, value in part.items()))
        case set() | frozenset():
            return "set", b"".join(sorted(map(_encode, part)))
        case _:
            raise TypeError(f"no digest of a {type(part).__name__}")


# Settings of Numba that do not change the code it makes.
_IRRELEVANT = {"NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES", "NUMBA_NUM_THREADS"}


def environment_digest() -> str:
    """Digest of what compiled code depends on besides its source: versions, processor, Numba's settings."""
    settings = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("NUMBA_") and name not in _IRRELEVANT
    }
    return digest(_installation_digest(), settings)


@functools.cache
def _installation_digest() -> str:
    from importlib.metadata import PackageNotFoundError, version

    versions: dict[str, str | None] = {}
    for name in ("numba", "llvmlite", "numpy"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    python = (platform.python_implementation(), sys.version, sys.platform, platform.machine())
    return digest(python, versions, _package_digest(), _processor())


def _package_digest() -> str:
    """Digest of this package's own source, so that an edited compiler never meets its old results."""
    top = Path(__file__).parent
    return digest([(str(path.relative_to(top)), path.read_bytes()) for path in sorted(top.rglob("*.py"))])


def _processor() -> list[str]:
    """Model and instruction sets of the first processor, as the operating system names them."""
    intel = ("vendor", "cpu family", "model", "stepping", "flags")
    arm = ("cpu implementer", "cpu architecture", "cpu variant", "cpu part", "features")
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            first = file.read(1 << 14).split("\n\n")[0].splitlines()
    except OSError:
        return [platform.processor(), platform.version()]
    return sorted(line for line in first if line.lower().startswith(intel + arm))
