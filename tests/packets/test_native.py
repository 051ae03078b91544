"""Machine code that is kept on disk: the same results, and never used unless it is whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.core.native_code import form_of, native

BYTES = np.frombuffer(bytes(range(200)), np.uint8)


def weighed(data: Any, factor: int, backwards: bool, out: Any) -> tuple[int, int]:
    total = 0
    for i in range(len(data)):
        at = len(data) - 1 - i if backwards else i
        total += doubled(data[at]) * factor
        if i < len(out):
            out[i] = total
    return total, len(data)


def counted(out: Any) -> int:
    return len(out)


def cleared(out: Any) -> None:
    for i in range(len(out)):
        out[i] = 0


def doubled(value: int) -> int:
    return value * 2


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.o"))


def run(folder: Path | None) -> tuple[tuple[int, int], list[int]]:
    out = np.zeros(3, np.int64)
    arguments = (BYTES, 3, True, out)
    function = native(weighed, (doubled,), form_of(arguments), str(folder) if folder else None)
    return tuple(function(*arguments)), out.tolist()


def test_what_was_kept_gives_what_python_gives(tmp_path: Path) -> None:
    out = [0, 0, 0]
    expected = weighed(BYTES.tolist(), 3, True, out), out
    assert run(tmp_path) == expected  # compiled
    assert len(kept(tmp_path)) == 1
    assert run(tmp_path) == expected  # loaded


def test_a_kernel_may_give_one_number_or_none(tmp_path: Path) -> None:
    out = np.arange(5, dtype=np.int64)
    for _ in range(2):
        assert native(counted, (), "q", str(tmp_path))(out) == 5
    for _ in range(2):
        out[:] = 1
        native(cleared, (), "q", str(tmp_path))(out)
        assert not out.any()


def test_nothing_is_kept_where_there_is_no_folder() -> None:
    assert run(None)[0] == weighed(BYTES.tolist(), 3, True, [])


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data[:0],
        lambda data: b"{}\n" + data,
        lambda data: b"\xff\xfe" + data,
    ],
)
def test_code_that_is_not_whole_is_compiled_anew(tmp_path: Path, harm: Any) -> None:
    expected = run(tmp_path)
    (path,) = kept(tmp_path)
    path.write_bytes(harm(path.read_bytes()))
    assert run(tmp_path) == expected
    head, code = path.read_bytes().split(b"\n", 1)
    assert json.loads(head)["sha256"] == hashlib.sha256(code).hexdigest()


def test_arrays_of_other_types_are_refused() -> None:
    with pytest.raises(KeyError):
        form_of((np.zeros(3, np.float32),))
