"""An interface of this computer → dumpcap or tcpdump, and what these say → why they could not, what to do."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from analyzer.live.kernel_drops import KernelDrops
from analyzer.live.link_state import SENTENCES, LinkState, state_of
from analyzer.live.shutdown import Stop
from analyzer.live.sources import TO_END, Program
from analyzer.model import CaptureError

BUFFER = 64  # megabytes in which the kernel keeps packets until the program takes them
# A line of "dumpcap -D" or "tcpdump -D": the number and the name of an interface.
_LISTED = re.compile(r"^(\d+)\. ?(\S+)", re.MULTILINE)
MOST_NAMED = 8  # interfaces that a sentence names
_NO_RIGHT = re.compile(r"permission|not permitted", re.IGNORECASE)
_BAD_FILTER = re.compile(r"capture filter|filter expression", re.IGNORECASE)
_NO_DEVICE = re.compile(r"no device named|No such device|doesn't exist", re.IGNORECASE)
GROUP = "wireshark"  # whose members Debian lets run dumpcap


def interface(name: str, stop: Stop, expression: str = "", buffer: int = BUFFER) -> Program:
    """The interface of that name through dumpcap, else tcpdump; they have the right to capture, or say so.

    `buffer` is in megabytes. CaptureError where there is no such interface or no such program.
    """
    if name.startswith("-"):
        raise CaptureError(f"{name}: is no name of an interface")
    if there := _others_than(name):
        raise CaptureError(f"{name}: there is no such interface; {_listed(there)}")
    if found := shutil.which("dumpcap"):
        chosen = ["-f", expression] if expression else []
        command = [found, "-q", "-B", str(buffer), "-i", name, *chosen, "-w", "-"]
        return CapturedInterface(name, command, stop)
    if found := shutil.which("tcpdump"):
        command = [found, "-n", "-U", "-B", str(buffer * 1024), "-i", name, "-w", "-"]
        command += [expression] if expression else []
        return CapturedInterface(name, command, stop, signal.SIGUSR1)
    raise CaptureError(
        "neither dumpcap nor tcpdump is installed, one of which has to do the capturing: install the package "
        "wireshark-common or tcpdump"
    )


class CapturedInterface(Program):
    """A capturing program, what the kernel drops before it, and the state of its interface."""

    def __init__(
        self, interface: str, command: Sequence[str], stop: Stop, asked_by: int | None = None
    ) -> None:
        self._interface, self._link = interface, LinkState(interface)
        super().__init__(command, stop, asked_by)
        self.name = f"{interface} ({os.path.basename(command[0])})"
        self._drops = KernelDrops(self._process.pid)

    @property
    def lost(self) -> int:
        return self._drops.look() + super().lost

    def doubt(self) -> str:
        state = SENTENCES.get(state_of(self._interface), "").format(name=self._interface)
        return f"is {self._interface} the right interface? {state or _listed(_names())}".rstrip()

    def news(self) -> str:
        return self._link.look()

    def ending(self) -> str:
        said = super().ending()
        news = SENTENCES.get(state_of(self._interface), "").format(name=self._interface) if said else ""
        return "; ".join(filter(None, (said, news)))

    def advice(self, cause: str) -> str:
        if _NO_RIGHT.search(cause):
            return right_to_capture(self._command)
        if _BAD_FILTER.search(cause):
            return "filters are written as in pcap-filter(7), such as 'host 192.0.2.1 and not port 22'"
        if _NO_DEVICE.search(cause):
            return _listed(_names())
        return ""

    def close(self) -> None:
        # Once it has ended its socket can't be asked; what it says at the end counts from the last look on.
        self._drops.close()
        super().close()


def right_to_capture(command: Sequence[str]) -> str:
    """What gives the user the right to capture that this program lacks."""
    program = os.path.basename(command[0])
    by_sudo = f"phonehome watch -- sudo {program} {shlex.join(command[1:])}"
    with suppress(KeyError, OSError, ImportError):
        import grp
        import pwd

        group, user = grp.getgrnam(GROUP), pwd.getpwuid(os.getuid())
        if program == "dumpcap" and os.getgid() != group.gr_gid and group.gr_gid not in os.getgroups():
            return (
                f"“sudo usermod -a -G {GROUP} {user.pw_name}” and a new log-in give the right to capture, or "
                f"the program is run by sudo: {by_sudo}"
            )
    return (
        f"“sudo setcap cap_net_raw,cap_net_admin=ep {command[0]}” gives the right to capture, or the program "
        f"is run by sudo: {by_sudo}"
    )


def _listed(names: Sequence[str]) -> str:
    return f"there are {', '.join(names[:MOST_NAMED])}" if names else ""


def _names() -> list[str]:
    with suppress(OSError):
        return [known for _, known in socket.if_nameindex()]
    return []


def _others_than(name: str) -> list[str]:
    """Return the interfaces that could be captured from where none has this name or number; else nothing.

    Programs know more of them than the system does (USB, other computers), so they are asked too.
    """
    with suppress(OSError):
        names = _names()
        found = shutil.which("dumpcap") or shutil.which("tcpdump")
        if name in names or found is None or sys.platform == "win32":
            return []
        with suppress(subprocess.SubprocessError):
            told = subprocess.run([found, "-D"], capture_output=True, text=True, timeout=TO_END, check=False)
            listed = _LISTED.findall(told.stdout)
            if listed and not any(name in one for one in listed):
                return names
    return []
