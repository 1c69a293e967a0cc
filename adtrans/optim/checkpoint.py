"""Checkpoints: named arrays and a record in one `.npz` file that is whole or not there.

    save("run.npz", {"x": x}, {"epoch": 3})
    arrays, record = load("run.npz")

The file is what `numpy.load` reads, without pickles; its member `manifest` is the record as JSON, with the name, type,
shape and SHA-256 of every array and the version. Its last 64 bytes, the comment of the archive, are the SHA-256 of all
bytes before: a file that is cut or changed anywhere is not read. It is written beside its place, flushed, and renamed,
after the file that was there has become `<path>.previous`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, CheckpointError

FORMAT, SEAL = 1, 64
TYPES = {"<f4", "<f8", "<i8", "<u8", "|b1", "|u1"}


def save(path: Any, arrays: Mapping[str, np.ndarray], record: Mapping[str, Any]) -> None:
    """Write a checkpoint; the one before stays as `<path>.previous`.

    Arguments: `arrays` of float32, float64, int64, uint64, booleans or bytes; `record` what JSON can hold.
    """
    path = Path(path)
    content = written(arrays, record)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            keep(path)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    flush_directory(path.parent)


def keep(path: Path) -> None:
    """Have the file at `path` also be `<path>.previous`, so that there is always one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.old")
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside)
    except OSError:  # a file system without links
        aside.write_bytes(path.read_bytes())
    os.replace(aside, previous(path))


def mend(path: Any) -> None:
    """Put the checkpoint before the latest in place of that, which is damaged."""
    path = Path(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    aside.write_bytes(previous(path).read_bytes())
    os.replace(aside, path)


def previous(path: Any) -> Path:
    """Where the checkpoint before the latest is."""
    path = Path(path)
    return path.with_name(path.name + ".previous")


def flush_directory(directory: Path) -> None:
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:  # not every system opens directories
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def written(arrays: Mapping[str, np.ndarray], record: Mapping[str, Any]) -> bytes:
    """The bytes of a checkpoint."""
    listed, members = {}, {}
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype.str not in TYPES:
            raise ArgumentError(f"a checkpoint holds no array of dtype {array.dtype}: {name}")
        members[name] = member(array)
        listed[name] = {"dtype": array.dtype.str, "shape": list(array.shape),
                        "sha256": hashlib.sha256(array.tobytes()).hexdigest()}
    manifest = json.dumps({"format": FORMAT, "arrays": listed, "record": dict(record)}, sort_keys=True)
    members["manifest"] = member(np.frombuffer(manifest.encode(), np.uint8))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), content)
        archive.comment = b"0" * SEAL
    body = buffer.getvalue()[:-SEAL]
    return body + hashlib.sha256(body).hexdigest().encode()


def member(array: np.ndarray) -> bytes:
    """One array in NumPy's format."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array).reshape(array.shape), version=(1, 0),
                              allow_pickle=False)
    return buffer.getvalue()


def load(path: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the record of a checkpoint.

    Raises FileNotFoundError where there is no file, CheckpointError (a ValueError) for one that was not written by
    `save`, or not wholly, or has changed since.
    """
    content = Path(path).read_bytes()
    try:
        return parsed(content)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except Exception as error:
        raise CheckpointError(f"{path}: not a checkpoint ({type(error).__name__})") from None


def parsed(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """`load`, from bytes."""
    body, seal = content[:-SEAL], content[-SEAL:]
    if hashlib.sha256(body).hexdigest().encode() != seal:
        raise CheckpointError("the file is damaged, or is not a checkpoint")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = {info.filename.removesuffix(".npy"): np.lib.format.read_array(
            io.BytesIO(archive.read(info)), allow_pickle=False) for info in archive.infolist()}
    manifest = json.loads(found.pop("manifest").tobytes())
    if manifest["format"] != FORMAT:
        raise CheckpointError(f"the file has format {manifest['format']}, and this version reads {FORMAT}")
    if manifest["arrays"].keys() != found.keys():
        raise CheckpointError("the file does not hold what its manifest lists")
    for name, array in found.items():
        listed = manifest["arrays"][name]
        if [array.dtype.str, list(array.shape)] != [listed["dtype"], listed["shape"]] \
                or hashlib.sha256(array.tobytes()).hexdigest() != listed["sha256"]:
            raise CheckpointError(f"array {name} is not what the manifest says")
    return found, manifest["record"]
