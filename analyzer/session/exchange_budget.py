"""Which exchanges the report lists one by one: as many as memory is meant for, those with evidence first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from analyzer.model import Finding, Message, Ping, Problem

# Bytes that listed exchanges may take, by estimate: those with findings or pings, and the others.
MOST_EVIDENT, MOST_OTHERS = 48 << 20, 40 << 20
# … and once that is spent, those that tell an identifier to someone for the first time.
MOST_NEW = 16 << 20
# Identifiers and recipients that are remembered to know that.
MOST_TOLD = 100_000

# What objects take, by measure, in bytes.
MESSAGE, HEADER, FRAME, FINDING, PING = 1400, 40, 120, 1600, 4000


class ExchangeBudget:
    """Decides of each exchange whether there is room for it; the others are counted."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is the part of the usual memory that is taken here."""
        self._share = share
        self.evident_left_out = self.others_left_out = 0
        self._evident = self._others = self._new = 0
        self._told: set[tuple[str, str, str | None]] = set()

    def takes(self, messages: Iterable[Message], findings: Sequence[Finding], pings: Sequence[Ping]) -> bool:
        """Whether an exchange is listed."""
        listed = list(messages)
        taken = sum(map(weight, listed)) + FINDING * len(findings) + PING * len(pings)
        if not findings and not pings:
            return self.takes_other(taken)
        is_new = self._is_new(listed, findings)
        if self._evident + taken <= MOST_EVIDENT * self._share:
            self._evident += taken
        elif is_new and self._new + taken <= MOST_NEW * self._share:
            self._new += taken
        else:
            self.evident_left_out += 1
            return False
        return True

    def problems(self) -> Iterator[Problem]:
        """How many exchanges are not listed, in words."""
        if self.others_left_out:
            yield Problem(
                "exchanges-unlisted",
                f"{self.others_left_out:,} exchanges in which nothing was found were read and searched, and "
                "are not listed one by one, to keep memory bounded",
                count=self.others_left_out,
            )
        if self.evident_left_out:
            yield Problem(
                "evidence-unlisted",
                f"{self.evident_left_out:,} more exchanges with identifiers or known messages were read, and "
                "are not listed, to keep memory bounded: what is counted of identifiers is of those listed",
                count=self.evident_left_out,
            )

    def takes_other(self, taken: int) -> bool:
        """Whether an exchange is listed in which nothing was found, and that takes so many bytes."""
        if self._others + taken > MOST_OTHERS * self._share:
            self.others_left_out += 1
            return False
        self._others += taken
        return True

    def _is_new(self, messages: Sequence[Message], findings: Sequence[Finding]) -> bool:
        """Whether an identifier is told to a host for the first time."""
        host = messages[0].host or messages[0].destination.address if messages else None
        told = {(found.kind, found.value, host) for found in findings}
        is_new = not told <= self._told
        if is_new and len(self._told) < MOST_TOLD * self._share:
            self._told |= told
        return is_new


def weight(message: Message) -> int:
    """What a message takes in memory, about."""
    headers = len("".join(map("".join, message.headers))) + HEADER * len(message.headers)
    text = len(message.target or "") + len(message.host or "")
    return MESSAGE + headers + text + len(message.body.content) + FRAME * len(message.evidence.frames)
