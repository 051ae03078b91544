"""Packet kernels are compiled once on a machine: in a process of its own, so that no alert waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

from analyzer.core.compilation import WORTH_COMPILING, frames_worth_compiling

# Frames after which a live capture looks as if it would last.
LASTS = 20_000


class Warmup:
    """Compiles in the background where that was never done before; `close` ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_done = False

    def look(self, frames: int) -> None:
        """So many frames were read."""
        if self._is_done or frames < LASTS:
            return
        self._is_done = True
        if frames_worth_compiling() == WORTH_COMPILING:
            with suppress(OSError):
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "analyzer.live.warmup"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        if self._process is not None:
            self._process.wait()


def warm() -> int:
    """Read a small capture with compiled kernels; how many frames it had."""
    import struct

    from analyzer.capture import Capture
    from analyzer.session.packet_reader import PacketReader

    frame = bytes(12) + b"\x08\x00" + bytes([0x45, 0, 0, 20, *bytes(16)])
    record = struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + record * 10
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        capture, scan = Capture("warm-up", pipe), PacketReader()
        capture.compile_kernels()
        frames = 0
        for step in scan.steps(capture):
            frames += len(step.batch.records)
            list(scan.exchanges(step))
        return frames


if __name__ == "__main__":
    os.nice(10)
    warm()
