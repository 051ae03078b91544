"""What is said of a capture beside its records: what the file tells of itself, and what was lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from analyzer.model import Comment, Interface, Problem

# Kept of each at most; the rest is counted. A comment may stand at every packet.
MOST_COMMENTS, MOST_INTERFACES_LISTED, MOST_NAMES = 200, 100, 20_000
# Characters of one text at most.
LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class ResolvedName:
    """A name that the capture file itself gives an address, whoever wrote it there."""

    address: str  # IP address, or MAC address
    name: str
    source: str = ""  # the name server the file says it is from


@dataclass
class CaptureMetadata:
    """The running account of one capture."""

    format: str = ""
    links: Counter[int] = field(default_factory=Counter)
    frames: int = 0
    snapped: int = 0
    complete: bool = True
    comments: list[Comment] = field(default_factory=list)
    comments_met: int = 0
    interfaces: list[Interface] = field(default_factory=list)
    made_with: dict[str, str] = field(default_factory=dict)  # {"application": "Dumpcap 4.0"}
    secrets: Counter[str] = field(default_factory=Counter)  # decryption secrets, by kind
    passed_over: Counter[str] = field(default_factory=Counter)  # blocks that hold no packet, by kind
    names: list[ResolvedName] = field(default_factory=list)
    names_left_out: int = 0
    lost_between: int = 0  # packets that packet records say were lost
    untimed: int = 0  # frames without a time
    undescribed: int = 0  # frames of interfaces that the file does not describe
    longer: int = 0  # frames with more bytes than the packet is said to have had
    bad_times: int = 0  # frames whose fraction of a second is a second or more
    first_bad_time: int | None = None
    problems: list[Problem] = field(default_factory=list)
    snaplen: int = 0  # of a pcap file, as its header says

    def damage(self, code: str, what: str, frame: int | None = None) -> None:
        """Something of the capture is lost: said, and the capture counts as incomplete."""
        self.complete = False
        self.problems.append(Problem(code, what, frame))

    def comment(self, data: bytes, of: str, frame: int | None = None) -> None:
        """Keep a remark of whoever made the file; an empty one says nothing."""
        if not data:
            return
        self.comments_met += 1
        if len(self.comments) < MOST_COMMENTS:
            self.comments.append(Comment(text_of(data), of, frame))

    def name(self, address: str, data: bytes, source: str) -> None:
        """Keep a name that the file gives an address."""
        if len(self.names) < MOST_NAMES:
            self.names.append(ResolvedName(address, text_of(data), source))
        else:
            self.names_left_out += 1

    def close(self) -> None:
        """Say what the counts mean, once everything was read."""
        self.problems += self._losses()

    def _losses(self) -> list[Problem]:
        found = []
        by_interface = sum(entry.dropped or 0 for entry in self.interfaces)
        by_system = sum(entry.dropped_by_system or 0 for entry in self.interfaces)
        if by_interface or by_system:
            found.append(
                Problem(
                    "dropped",
                    f"the file's statistics say that while capturing {by_interface:,} packets were dropped "
                    f"by the interface and {by_system:,} by the operating system; they are not in the file",
                    count=by_interface + by_system,
                )
            )
        if self.lost_between:
            found.append(
                Problem(
                    "lost-between",
                    f"packet records say that {self.lost_between:,} packets were lost between those captured"
                    + (" (statistics of the interface may count the same ones)" if found else ""),
                    count=self.lost_between,
                )
            )
        if self.untimed:
            found.append(
                Problem(
                    "no-time",
                    f"{self.untimed:,} frames carry no time (simple packet blocks); they stand at the "
                    "beginning of 1970",
                    count=self.untimed,
                )
            )
        found += self._contradictions()
        if self.names_left_out:
            found.append(
                Problem(
                    "file-names",
                    f"the file gives addresses {MOST_NAMES + self.names_left_out:,} names; the last "
                    f"{self.names_left_out:,} were not kept",
                    count=self.names_left_out,
                )
            )
        return found

    def _contradictions(self) -> list[Problem]:
        """What records say that can't be."""
        found = []
        if self.undescribed:
            found.append(
                Problem(
                    "unknown-interface",
                    f"{self.undescribed:,} packets name an interface that the file does not describe: what "
                    "they hold was read where its form leaves no doubt, their times as microseconds",
                    count=self.undescribed,
                )
            )
        if self.longer:
            found.append(
                Problem(
                    "length-contradiction",
                    f"of {self.longer:,} packets the file holds more bytes than it says that they had; all "
                    "of these bytes were read",
                    count=self.longer,
                )
            )
        if self.bad_times:
            found.append(
                Problem(
                    "impossible-time",
                    f"{self.bad_times:,} packets are stamped with a fraction of a second that is a second or "
                    "more; their times are wrong by up to an hour",
                    self.first_bad_time,
                    self.bad_times,
                )
            )
        return found


def text_of(data: bytes) -> str:
    """Text of a file, whatever it holds, at most LONGEST_TEXT characters; some writers end it with zeros."""
    text = data[: LONGEST_TEXT * 4].decode("utf-8", "backslashreplace")
    return text.rstrip("\0 \r\n")[:LONGEST_TEXT]
