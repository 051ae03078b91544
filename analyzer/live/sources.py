"""Where live bytes come from: a pipe, a growing file, or a program that is run → a raw stream.

A feed is one connection: it begins with a capture's header and ends when nobody writes any more or when
the user wants to stop. `capture.Source` reads it like any pipe.
"""

from __future__ import annotations

import os
import re
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from analyzer.live.shutdown import Stop
from analyzer.model import CaptureError

CHUNK = 1 << 18
# Seconds between two looks at a file that does not grow; that a program gets to give what it holds and to end
# by itself; that its last words get; and of silence after the wish to stop that count as the end.
LOOK_AGAIN, TO_END, LAST_WORDS, SILENCE = 0.1, 5.0, 2.0, 0.2
# Seconds without a further byte after which a file on standard input is at its end: a shell's `< FILE` mostly
# names one that is finished.
FINISHED = 5.0
# Bytes of one line of a program's messages, and lines kept.
LONGEST_LINE, MOST_LINES = 2000, 20
PIPE_BYTES = 1 << 20  # what Linux lets anyone have

# What programs say of packets that they lost: tcpdump, dumpcap (the sum of what it had to drop).
_LOST = (
    re.compile(r"(\d+) packets? dropped by (?:kernel|interface)"),
    re.compile(r"Packets received/dropped on interface .*: \d+/(\d+)"),
)


class Feed:
    """Bytes as they come from the file number `fd`; 0 bytes at the end or after the wish to stop."""

    def __init__(self, name: str, fd: int, stop: Stop, *, owned: bool = True) -> None:
        self.name = name
        self._fd, self._stop, self._owned = fd, stop, owned
        self._is_ended = False  # by the sender

    @property
    def lost(self) -> int:
        """Packets that the sender says it lost, so far."""
        return 0

    @property
    def counts_losses(self) -> bool:
        """Whether the sender said how many packets it lost, be it none."""
        return False

    def fileno(self) -> int:
        return self._fd

    def readinto(self, view: memoryview) -> int:
        """Some bytes, as they come; after the wish to stop only what is there already."""
        while not self._is_over():
            wished = self._stop.is_set()
            waiting = [self._fd] if wished else [self._fd, self._stop.fd]
            ready = select.select(waiting, [], [], self._patience() if wished else None)[0]
            if self._fd in ready:
                try:
                    count = os.readv(self._fd, [view])
                except BlockingIOError:
                    continue
                self._is_ended = not count
                return count
            if wished and not ready:
                break
        return 0

    def _is_over(self) -> bool:
        """Whether nothing more is read, even if it comes."""
        return self._stop.is_over()

    def _patience(self) -> float:
        """Seconds that a silence after the wish to stop may last."""
        return SILENCE

    def ask(self) -> None:
        """Have the sender say what it lost, where it can be asked."""

    def news(self) -> str:
        """What has changed on the sender's side, in a sentence; empty where nothing has."""
        return ""

    def doubt(self) -> str:
        """What may be wrong where no packet comes, in words."""
        return f"is {self.name} what was meant to be read?"

    def ending(self) -> str:
        """How it ended, in words; empty where there is nothing to say."""
        return ""

    def close(self) -> None:
        if self._owned:
            with suppress(OSError):
                os.close(self._fd)


def standard_input(stop: Stop) -> Feed:
    """Standard input; CaptureError where it is closed or somebody's keyboard."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        raise CaptureError("standard input is closed") from None
    if sys.stdin is None:  # something else has its number
        raise CaptureError("standard input is closed")
    if os.isatty(0):
        raise CaptureError("standard input is a terminal: pipe a capture into it, as from tcpdump -U -w -")
    if stat.S_ISREG(mode):
        return GrowingFile("standard input", stop, os.dup(0))
    _widen(0)
    return Feed("standard input", 0, stop, owned=False)


class GrowingFile(Feed):
    """A file that someone else writes: read to its end, and on as it grows.

    Where the file is replaced or made shorter, which is how captures are rotated, it ends; on standard input
    also where it has not grown for some seconds.
    """

    def __init__(self, path: str, stop: Stop, fd: int | None = None) -> None:
        self._path = path if fd is None else None
        self.is_replaced = False
        self._grew = time.monotonic()
        try:
            self._file = os.open(path, os.O_RDONLY) if fd is None else fd
        except OSError as error:
            raise CaptureError(f"{path}: can't be opened ({error.strerror})") from None
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            os.close(self._file)
            raise CaptureError(f"{path}: is not a file that grows; pipe it in, or name it after --")
        reading, self._writing = os.pipe()
        super().__init__(path, reading, stop)
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def _pump(self) -> None:
        with suppress(OSError):  # nobody reads any more
            self._pass_on()
            while not self._has_nothing_more():
                self._pass_on()
            self._pass_on()  # what was written right before it was replaced, or the wish to stop came
        for number in (self._writing, self._file):
            with suppress(OSError):
                os.close(number)

    def _pass_on(self) -> None:
        """What the file holds beyond what was read; not without end after the wish to stop."""
        while not self._stop.is_over() and (data := os.read(self._file, CHUNK)):
            _write_all(self._writing, data)
            self._grew = time.monotonic()

    def _has_nothing_more(self) -> bool:
        is_finished = self._path is None and time.monotonic() - self._grew > FINISHED
        return is_finished or self._stop.is_set() or self._was_replaced() or self._stop.wait(LOOK_AGAIN)

    def _was_replaced(self) -> bool:
        own = os.fstat(self._file)
        if own.st_size < os.lseek(self._file, 0, os.SEEK_CUR):
            self.is_replaced = True
            return True
        if self._path is None:
            return False
        try:
            now = os.stat(self._path)
        except OSError:
            return False  # moved away, and the next one isn't there yet: it may still be written
        self.is_replaced = (now.st_ino, now.st_dev) != (own.st_ino, own.st_dev)
        return self.is_replaced


class Program(Feed):
    """A program that writes a capture to its standard output. It runs with the user's own rights."""

    def __init__(self, command: Sequence[str], stop: Stop, asked_by: int | None = None) -> None:
        """`asked_by` is the signal upon which it says what it lost. CaptureError where it can't be run."""
        try:
            self._process = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise CaptureError(f"{command[0]}: can't be run ({error.strerror})") from None
        assert self._process.stdout is not None
        _widen(self._process.stdout.fileno())
        super().__init__(" ".join(command), os.dup(self._process.stdout.fileno()), stop)
        self._command = list(command)
        self._process.stdout.close()
        self._asked_by = asked_by
        self._until: float | None = None  # once the wish to stop was met
        self._lost = 0
        self._has_counted = False
        self._said_first: list[str] = []
        self._said: deque[str] = deque(maxlen=MOST_LINES)
        self._ears = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._ears.start()

    @property
    def lost(self) -> int:
        return self._lost

    @property
    def counts_losses(self) -> bool:
        return self._has_counted

    def ask(self) -> None:
        if self._asked_by is not None and self._process.poll() is None:
            with suppress(OSError):
                self._process.send_signal(self._asked_by)

    def _is_over(self) -> bool:
        if self._stop.is_set() and self._until is None:
            self._until = time.monotonic() + TO_END
            if self._process.poll() is None:
                self._process.terminate()  # upon which it gives what it still holds, and ends
        return self._until is not None and time.monotonic() >= self._until

    def _patience(self) -> float:
        return max((self._until or 0) - time.monotonic(), 0)

    def ending(self) -> str:
        """Once closed: how it ended where no stop was asked for, the cause it gave, and what can be done."""
        if self._stop.is_set() or not self._is_ended:
            return ""
        code, cause = self._process.poll(), cause_in([*self._said_first, *self._said])
        how = f"{_how(code)}{f': {cause}' if cause and (code or not _NO_CAUSE.match(cause)) else ''}"
        return "; ".join(filter(None, (how, self.advice(cause) if cause else "")))

    def advice(self, cause: str) -> str:  # noqa: ARG002  whoever knows the program overrides it
        """What can be done about a cause, in words; empty where nothing is known."""
        return ""

    def close(self) -> None:
        super().close()
        # Behind its last packet it says what it lost, and ends.
        if self._stop.is_set() or not self._ends():
            self._process.terminate()
        if not self._ends():
            self._process.kill()
            self._process.wait()
        self._ears.join(LAST_WORDS)

    def _ends(self) -> bool:
        """Whether it does so in time."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(TO_END)
        return self._process.poll() is not None

    def _listen(self, stream: Any) -> None:
        with stream:
            while line := stream.readline(LONGEST_LINE):
                text = line.decode("utf-8", "replace").strip()
                if text:
                    is_early = len(self._said_first) < MOST_LINES
                    (self._said_first if is_early else self._said).append(text)
                    lost = lost_in(text)
                    self._lost = max(self._lost, lost or 0)
                    self._has_counted = self._has_counted or lost is not None


# Lines of capturing programs and of ssh that give no cause, and the text in front of those that do.
_NO_CAUSE = re.compile(
    r"^(?:\S*: )?(?:Capturing on |File: |listening on |verbose output|data link type|Packets |\d+ packets? |"
    r"Warning: Permanently added)"
)
_PREFIX = re.compile(r"^(?:\S*/)?(?:dumpcap|tcpdump)(?:\.exe)?: ")


def cause_in(lines: Sequence[str]) -> str:
    """The first cause that a program gave, with the system's own words where these follow in brackets."""
    told = [number for number, line in enumerate(lines) if not _NO_CAUSE.match(line)]
    if not told:
        return next((line for line in reversed(lines) if "packets" in line), "")
    first = _PREFIX.sub("", lines[told[0]]).rstrip(".")
    following = lines[told[0] + 1] if told[0] + 1 < len(lines) else ""
    return f"{first} {following}" if following.startswith("(") and following not in first else first


def _how(code: int | None) -> str:
    if code is None:
        return "closed its output and was ended"
    if code >= 0:
        return f"ended with exit code {code}"
    with suppress(ValueError):
        return f"ended by {signal.Signals(-code).name}"
    return f"ended by signal {-code}"


def lost_in(line: str) -> int | None:
    """Packets that a line of a capturing program says were lost; None where it says nothing of that."""
    counts = [sum(map(int, found)) for pattern in _LOST if (found := pattern.findall(line))]
    return max(counts, default=None)


def _widen(pipe: int) -> None:
    """Have a pipe hold more, so that its two ends wait for each other less often."""
    with suppress(OSError, ImportError, AttributeError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _write_all(number: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(number, view) :]
