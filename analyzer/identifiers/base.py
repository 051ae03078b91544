"""What detectors share: what they look at, and how a Finding is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from analyzer.identifiers.owner_values import KnownValues
from analyzer.model import Confidence, Field, Fields, Finding

UNCLASSIFIED = "unclassified"  # the protocol of messages that no reader takes


@dataclass(frozen=True)
class Context:
    """What a detector may look at beside the field itself."""

    fields: Sequence[Field]
    known: KnownValues
    protocol: str = ""  # of the message

    @property
    def is_unclassified(self) -> bool:
        """Whether the message is of no protocol that is known."""
        return self.protocol == UNCLASSIFIED

    def next_to(self, field: Field) -> Sequence[Field]:
        """The fields of the same object, form or query, the field itself among them."""
        return self._groups.get((field.message, field.evidence.path[:-1]), ())

    @cached_property
    def values(self) -> Sequence[str | bytes]:
        """The values of all fields of the message."""
        return self.fields.values if isinstance(self.fields, Fields) else [f.value for f in self.fields]

    @cached_property
    def host(self) -> str:
        """The host that the request names, in lower case."""
        names = self.fields.names if isinstance(self.fields, Fields) else [f.name for f in self.fields]
        found = next((at for at, name in enumerate(names) if name.lower() == "host"), None)
        return str(self.values[found]).lower().partition(":")[0] if found is not None else ""

    @cached_property
    def _groups(self) -> dict[tuple[int, tuple[str, ...]], list[Field]]:
        groups: dict[tuple[int, tuple[str, ...]], list[Field]] = {}
        for field in self.fields:
            groups.setdefault((field.message, field.evidence.path[:-1]), []).append(field)
        return groups


class Verdict(NamedTuple):
    """How sure a detector is of a candidate, and why."""

    confidence: Confidence
    reasons: tuple[str, ...]


class Detector(Protocol):
    """A plugin: one kind of identifier, what it looks like, what only looks like it."""

    @property
    def kind(self) -> str: ...

    @property
    def examples(self) -> Sequence[tuple[str, str]]:
        """Field names and values with a finding."""

    @property
    def counterexamples(self) -> Sequence[tuple[str, str]]:
        """Field names and values without one."""

    def find(self, field: Field, context: Context) -> Iterator[Finding]: ...


KIND_TITLES = {
    "imei": "IMEI",
    "imeisv": "IMEISV",
    "meid": "MEID",
    "pesn": "pseudo-ESN",
    "iccid": "ICCID",
    "imsi": "IMSI",
    "mac": "MAC address",
    "location": "coordinates",
    "phone": "phone number",
    "serial": "serial number",
    "android_id": "Android ID",
    "gaid": "Google advertising ID",
    "oaid": "OAID",
    "idfa": "IDFA",
    "advertising_id": "advertising ID",
    "ssid": "name of a Wi-Fi network (SSID)",
    "bssid": "address of an access point (BSSID)",
    "cell": "cell identity",
    "email": "e-mail address",
    "account": "account name",
    "password": "password",
    "push_token": "push token",
    "apps": "list of apps",
    "model": "model",
    "build": "software version",
    "operator": "mobile operator",
    "local_ip": "address in the home network",
    "device_id": "device ID",
    "access_token": "access token",
}


def finding(
    kind: str,
    value: str,
    raw: str,
    field: Field,
    verdict: Verdict,
    context: Context,
    details: Mapping[str, str] | None = None,
) -> Finding:
    """A Finding in `field`, compared with what the owner gave."""
    known = context.known.equals(kind, value)
    confidence, reasons = verdict
    if known:
        confidence, reasons = "high", (f"equal to the {KIND_TITLES[kind]} that the owner gave", *reasons)
    return Finding(
        kind=kind,
        value=value,
        raw=raw,
        name=field.name,
        confidence=confidence,
        reasons=reasons,
        evidence=field.evidence,
        message=field.message,
        known=known,
        details=dict(details or {}),
    )
