"""What the kernel had to drop for a capturing program that runs → its own count, while the program runs.

dumpcap says what was lost when it ends. On Linux the count is the socket's (packet(7), PACKET_STATISTICS),
which a process that may trace the program can read through a copy of the socket (pidfd_getfd(2)). Reading
sets the count to zero, so the program's own last word tells the rest: the sum is exact.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from contextlib import suppress

PIDFD_GETFD = 438  # the same number on every architecture since Linux 5.6
SOL_PACKET, PACKET_STATISTICS, LONGEST_ANSWER = 263, 6, 12
MOST_LOOKS = 20  # for the socket of a program that has just begun


class KernelDrops:
    """Counts for one process; where it may not be looked into, `look` gives 0 for ever."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._taken = 0
        self._sockets: list[socket.socket] = []
        self._looks = 0

    @property
    def is_counting(self) -> bool:
        """Whether the program's sockets were found and may be asked."""
        return bool(self._sockets)

    def look(self) -> int:
        """Packets that were dropped since the beginning, as far as they were counted here."""
        if not self._sockets and self._looks < MOST_LOOKS:
            self._looks += 1
            with suppress(OSError, AttributeError):  # another system, or no right
                self._sockets = _packet_sockets(self._pid)
        for one in self._sockets:
            with suppress(OSError, struct.error):
                answer = one.getsockopt(SOL_PACKET, PACKET_STATISTICS, LONGEST_ANSWER)
                self._taken += int(struct.unpack_from("II", answer)[1])
        return self._taken

    def close(self) -> None:
        """Count a last time and let go of the socket, which would stay open with us."""
        if self._sockets:
            self.look()
        for one in self._sockets:
            one.close()
        self._sockets, self._looks = [], MOST_LOOKS


def _packet_sockets(pid: int) -> list[socket.socket]:
    """Copies of the process's sockets of the family packet."""
    process = os.pidfd_open(pid)
    try:
        numbers = [int(name) for name in os.listdir(f"/proc/{pid}/fd") if _is_socket(pid, name)]
        copies = [copy for number in numbers if (copy := _copy(process, number)) is not None]
    finally:
        os.close(process)
    for copy in copies:
        if copy.family != socket.AF_PACKET:
            copy.close()
    return [copy for copy in copies if copy.family == socket.AF_PACKET]


def _is_socket(pid: int, name: str) -> bool:
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return False


def _copy(process: int, number: int) -> socket.socket | None:
    found = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, number, 0)
    return socket.socket(fileno=found) if found >= 0 else None
