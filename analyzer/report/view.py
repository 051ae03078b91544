"""One report being shown: what is looked up again and again, and how much of a list is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from rich.text import Text

from analyzer.model import Device, Endpoint, Evidence, Message, Ping, Report
from analyzer.report.groups import messages_by_number, pings_by_message
from analyzer.report.headline import device_name
from analyzer.report.language import _, plural
from analyzer.report.layout import say
from analyzer.report.text import clip
from analyzer.report.wireshark import frame_filter, frame_list, frames_by_capture

T = TypeVar("T")
FAR_END = ("flow", "destination", "destination_port", "name")
_QUOTED = 160  # characters of a value or body


@dataclass(frozen=True)
class ReportView:
    """A report and how much of it is asked for."""

    report: Report
    verbose: bool = False
    brief: bool = False  # the first of each kind alone, with pointers to the sections

    @cached_property
    def messages(self) -> dict[int, Message]:
        return messages_by_number(self.report)

    @cached_property
    def pings(self) -> dict[int, Ping]:
        """By the number of the message that each was recognised in."""
        return pings_by_message(self.report)

    @cached_property
    def ends(self) -> dict[int, str]:
        """The far end of each flow, with its name where one is known."""
        columns = self.report.flows.columns
        rows = zip(*(columns.get(name, ()) for name in FAR_END), strict=False)
        return {
            flow: f"{name} ({Endpoint(address, port)})" if name else str(Endpoint(address, port))
            for flow, address, port, name in rows
        }

    def some(self, items: Sequence[T], limit: int) -> Sequence[T]:
        """The first `limit`, or all if asked for."""
        return items if self.verbose else items[:limit]

    def rest(self, items: Sequence[T], limit: int, what: str = "") -> Iterator[Text]:
        """How many `some` left out, as a line; nothing when none."""
        left = len(items) - len(self.some(items, limit))
        if left:
            more = plural(left, "… and {n} more", "… and {n} more") + (f" {_(what)}" if what else "")
            yield say(_("{more}; -v shows all, --json holds all").format(more=more), "dim")

    def quote(self, value: str) -> str:
        return value if self.verbose else clip(value, _QUOTED)

    def frames(self, evidence: Iterable[Evidence]) -> str:
        """ "frames 41, 44–47", with the capture where there are several."""
        found = frames_by_capture(evidence)
        return "; ".join(f"{frame_list(frames)}{self._of(capture)}" for capture, frames in found.items())

    def device(self, device: str) -> str:
        """ "Phone-7 (02:00:5e:10:00:01)": what a device calls itself, with its address."""
        return device_name(device, self._devices.get(device))

    def sender(self, message: Message) -> str:
        """The device that sent a message, as `device` says it."""
        address = message.source.address
        return self.device(self._owners.get(address, address))

    @cached_property
    def _owners(self) -> dict[str, str]:
        return {address: device.id for device in self.report.devices for address in device.addresses}

    @cached_property
    def _devices(self) -> dict[str, Device]:
        return {device.id: device for device in self.report.devices}

    def filters(self, evidence: Iterable[Evidence]) -> Iterator[tuple[str, str]]:
        """A label and a display filter for each capture that holds some of the evidence."""
        for capture, frames in frames_by_capture(evidence).items():
            if frames:
                yield f"Wireshark{self._of(capture)}", frame_filter(frames)

    def _of(self, capture: int) -> str:
        if len(self.report.captures) < 2:
            return ""
        return " " + _("of capture {number}").format(number=capture + 1)
