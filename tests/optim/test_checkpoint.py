"""Checkpoints: what is read is what was written, or an error."""

import os
import zipfile

import numpy as np
import pytest

from adtrans.errors import AdtransError, CheckpointError
from adtrans.optim import checkpoint

ARRAYS = {"x": np.arange(6.0).reshape(2, 3), "k": np.array(7), "m": np.zeros((0, 2), np.float32),
          "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "on": np.array([True, False]),
          "r": np.array([2**64 - 1], np.uint64)}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "run.npz"
    checkpoint.save(path, ARRAYS, {"epoch": 3, "losses": [1.5, 0.1]})
    arrays, record = checkpoint.load(path)
    assert record == {"epoch": 3, "losses": [1.5, 0.1]} and arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert np.array_equal(arrays[name], array) and arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
    with np.load(path, allow_pickle=False) as plain:
        assert np.array_equal(plain["x"], ARRAYS["x"])
    assert sorted(os.listdir(tmp_path)) == ["run.npz"]


def test_the_one_before_is_kept(tmp_path):
    path = tmp_path / "run.npz"
    for epoch in range(3):
        checkpoint.save(path, ARRAYS, {"epoch": epoch})
    assert checkpoint.load(path)[1]["epoch"] == 2
    assert checkpoint.load(checkpoint.previous(path))[1]["epoch"] == 1
    assert sorted(os.listdir(tmp_path)) == ["run.npz", "run.npz.previous"]


def test_every_truncation_is_noticed(tmp_path):
    content = checkpoint.written({"x": np.arange(3.0)}, {})
    path = tmp_path / "run.npz"
    for length in range(len(content)):
        with pytest.raises(CheckpointError):
            checkpoint.parsed(content[:length])
    path.write_bytes(content[:-1])
    with pytest.raises(CheckpointError, match="run.npz: the file is damaged") as raised:
        checkpoint.load(path)
    assert isinstance(raised.value, (ValueError, AdtransError))


def test_every_bit_flip_is_noticed():
    content = checkpoint.written({"x": np.arange(3.0)}, {"epoch": 1})
    for place in range(0, 8 * len(content), 3):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(CheckpointError):
            checkpoint.parsed(bytes(damaged))


def test_other_files(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, x=np.ones(3))
    with pytest.raises(CheckpointError):
        checkpoint.load(path)
    path.write_bytes(b"")
    with pytest.raises(CheckpointError):
        checkpoint.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.npy", b"not an array")
    with pytest.raises(CheckpointError):
        checkpoint.load(path)
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "nothing.npz")
    with pytest.raises(TypeError):
        checkpoint.save(path, {"x": np.array([object()])}, {})


def test_a_failed_write_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    checkpoint.save(path, ARRAYS, {"epoch": 1})
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(path, ARRAYS, {"epoch": 2})
    assert checkpoint.load(path)[1]["epoch"] == 1 and os.listdir(tmp_path) == ["run.npz"]
