"""Report → `conn.log` and `http.log` in Zeek's tab-separated form, with the fields that a report holds.

A log names its own fields, so what isn't known has no column: sizes by direction, history, the sums of IP
bytes. `id.orig_h` is the local device, whichever side began. A state that depends on who ended a
connection stays unset. <https://docs.zeek.org/en/master/log-formats.html>
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from analyzer.model import Message, Report
from analyzer.model.community_id import community_ids
from analyzer.report.groups import messages_by_number
from analyzer.report.text import visible

_ID = (("id.orig_h", "addr"), ("id.orig_p", "port"), ("id.resp_h", "addr"), ("id.resp_p", "port"))
_CONN = (
    ("ts", "time"), ("uid", "string"), *_ID, ("proto", "enum"), ("service", "string"),
    ("duration", "interval"), ("conn_state", "string"), ("orig_pkts", "count"), ("resp_pkts", "count"),
    ("community_id", "string"),
)  # fmt: skip
_HTTP = (
    ("ts", "time"), ("uid", "string"), *_ID, ("trans_depth", "count"), ("method", "string"),
    ("host", "string"), ("uri", "string"), ("referrer", "string"), ("version", "string"),
    ("user_agent", "string"), ("request_body_len", "count"), ("response_body_len", "count"),
    ("status_code", "count"), ("status_msg", "string"),
)  # fmt: skip
_PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "ipv6-icmp": "icmp"}
_SERVICES = {"tls": "ssl", "dtls": "ssl", **{name: name for name in ("http", "dns", "dhcp", "ntp", "quic")}}
_STATES = {"closed": "SF", "answered": "SF", "refused": "REJ", "unanswered": "S0", "one-way": "S0",
           "open at the end": "S1"}  # fmt: skip
_UNSET, _EMPTY = "-", "(empty)"


def write(report: Report) -> dict[str, bytes]:
    """Both logs, also where they have no line; a notice beside them where one belongs to the report."""
    notices = (report.reconstruction, report.redaction.says if report.redaction else None)
    said = "".join(f"{visible(notice)}\n" for notice in notices if notice)
    return {
        **({"README.txt": said.encode()} if said else {}),
        "conn.log": _log("conn", _CONN, _connections(report)),
        "http.log": _log("http", _HTTP, _requests(report)),
    }


def _connections(report: Report) -> Iterator[Sequence[Any]]:
    for row, community in zip(report.flows.rows(), community_ids(report.flows.rows()), strict=True):
        first, last = row.get("first_ns") or 0, row.get("last_ns") or 0
        yield (
            _time(first), _uid(report, row.get("flow")), row.get("source"), row.get("source_port"),
            row.get("destination"), row.get("destination_port"),
            _PROTOCOLS.get(str(row.get("protocol")), "unknown_transport"),
            _SERVICES.get(str(row.get("kind"))),
            _time(max(last - first, 0)), _STATES.get(str(row.get("ended"))), row.get("packets_up"),
            row.get("packets_down"), community,
        )  # fmt: skip


def _requests(report: Report) -> Iterator[Sequence[Any]]:
    by_number = messages_by_number(report)
    depths: dict[int, int] = {}
    for message in report.messages:
        if message.role == "request" and message.protocol.startswith("http/"):
            depths[message.flow] = depths.get(message.flow, 0) + 1
            peer = by_number.get(message.peer) if message.peer is not None else None
            yield _request(report, message, peer, depths[message.flow])


def _request(report: Report, message: Message, peer: Message | None, depth: int) -> Sequence[Any]:
    return (
        _time(message.time_ns), _uid(report, message.flow), message.source.address, message.source.port,
        message.destination.address, message.destination.port, depth, message.method, message.host,
        message.target, message.header("referer"), message.protocol.removeprefix("http/"),
        message.header("user-agent"), message.body.length, peer.body.length if peer else None,
        peer.status if peer else None, peer.reason if peer else None,
    )  # fmt: skip


def _uid(report: Report, flow: Any) -> str:
    """The same for a flow in both logs, and for the same captures each time."""
    seed = " ".join(info.sha256 or info.path for info in report.captures)
    digest = hashlib.sha256(f"{seed} {flow}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"C{digest[:17]}"


def _time(ns: int) -> str:
    """Seconds with six decimals, cut off."""
    seconds, rest = divmod(ns, 10**9)
    return f"{seconds}.{rest // 1000:06d}"


def _log(path: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> bytes:
    head = {
        "set_separator": ",", "empty_field": _EMPTY, "unset_field": _UNSET, "path": path,
        "fields": "\t".join(name for name, _ in columns), "types": "\t".join(kind for _, kind in columns),
    }  # fmt: skip
    lines = ["#separator \\x09", *_head(head), *("\t".join(map(_cell, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode("ascii")


def _head(values: Mapping[str, str]) -> Iterator[str]:
    yield from (f"#{name}\t{value}" for name, value in values.items())


def _cell(value: Any) -> str:
    """A value as Zeek writes it: bytes that are not printable ASCII as \\xNN, a backslash doubled."""
    if value is None:
        return _UNSET
    if value == "":
        return _EMPTY
    text = "".join(map(_escaped, str(value).encode("utf-8", "surrogatepass")))
    return f"\\x{ord(text[0]):02x}{text[1:]}" if text in (_UNSET, _EMPTY) or text[0] == "#" else text


def _escaped(byte: int) -> str:
    if byte == 0x5C:
        return "\\\\"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"
