"""The arrays that kernels read and write, by the type of their elements; all are flat and contiguous.

`kernel_source` turns these names into C types. A number by itself is an `int`, which has to fit in 64 bits
with a sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Bytes = Sequence[int]  # read only: bytes, bytearray, memoryview or a uint8 array
# A memoryview or an array, written in place.
Marks = Any  # of uint8
Numbers = Any  # of int64
Words = Any  # of uint64
