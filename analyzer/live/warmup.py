"""Packet kernels are compiled once on a machine: in a process of its own, so that no alert waits for it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from contextlib import suppress

from analyzer.core.compilation import WORTH_COMPILING, frames_worth_compiling

NS, ETHERNET = 1_000_000_000, 1
_MACS = "00005e005301" + "00005e0053a7"
# IPv4 and IPv6 with TCP and UDP, ARP: each kind that another part looks at.
FRAMES = (
    _MACS + "0800" + "4500002d000040004006" + "0000c0000201c6336402" + "9c400050" + "00000001" + "00000000"
    "50180200" + "00000000" + "4745542f0a",
    _MACS + "0800" + "45000021000040004011" + "0000c0000201c6336402" + "9c40270f" + "000d0000" + "68656c6c6f",
    _MACS + "86dd" + "60000000000d1140" + "20010db8" + "00" * 11 + "01" + "20010db8" + "00" * 11 + "02"
    "9c40270f" + "000d0000" + "68656c6c6f",
    _MACS + "0806" + "0001080006040001" + "00005e005301c0000201000000000000c6336402",
)
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

    @property
    def is_done(self) -> bool:
        """Whether the kernels are there, or nothing more is done for them."""
        return self._is_done and (self._process is None or self._process.poll() is not None)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        if self._process is not None:
            self._process.wait()


def warm() -> int:
    """Read small captures, of each format that streams have, with compiled kernels; frames that they had."""
    from analyzer.live.rotation import interface_block, packet_block, section_block

    frames = [bytes.fromhex(text) for text in FRAMES] * 4
    heads = [struct.pack("<IIII", 1, 0, len(frame), len(frame)) for frame in frames]
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, ETHERNET)
    pcap = header + b"".join(head + frame for head, frame in zip(heads, frames, strict=True))
    blocks = b"".join(packet_block(0, NS, frame, len(frame)) for frame in frames)
    return sum(_read(data) for data in (pcap, section_block() + interface_block(ETHERNET) + blocks))


def _read(data: bytes) -> int:
    """Read a capture with compiled kernels; how many frames it had."""
    from analyzer.capture import Capture
    from analyzer.session.packet_reader import PacketReader

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
