"""Report → a HAR 1.2 document of the plaintext HTTP exchanges: what browsers and proxies open.

Timings are those of the capture, as seen where it was made. A request whose response was not seen has the
status 0. A body that is no text stands in base64; a request's is marked by `_encoding`, as the format has no
word for it there. <http://www.softwareishard.com/blog/har-12-spec/>
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from analyzer.export.places import frames_of
from analyzer.export.plain import dumps, text_of, time
from analyzer.export.urls import url_of
from analyzer.model import Message, Report
from analyzer.report.groups import messages_by_number

Json = dict[str, Any]
_VERSIONS = {"http/1.0": "HTTP/1.0", "http/1.1": "HTTP/1.1", "http/2": "HTTP/2.0"}
_UNSEEN = "no response was seen in the capture"


def write(report: Report) -> str:
    """The document; the exchanges in the order of their requests."""
    by_number = messages_by_number(report)
    requests = [m for m in report.messages if m.role == "request" and m.protocol.startswith("http/")]
    entries = [_entry(m, by_number.get(m.peer) if m.peer is not None else None) for m in requests]
    notices = (report.reconstruction, report.redaction.says if report.redaction else None)
    log = {
        "version": "1.2",
        "creator": {"name": "phonehome", "version": report.version},
        "entries": sorted(entries, key=lambda entry: str(entry["startedDateTime"])),
        "comment": " ".join(notice for notice in notices if notice),
    }
    return dumps({"log": log}, indent=1) + "\n"


def _entry(request: Message, response: Message | None) -> Json:
    timings = _timings(request, response)
    frames = frames_of([request.evidence])
    return {
        "startedDateTime": time(request.time_ns),
        "time": sum(timings.values()),
        "request": _request(request),
        "response": _response(response),
        "cache": {},
        "timings": timings,
        "serverIPAddress": request.destination.address,
        "connection": str(request.flow),
        "comment": frames if response else f"{frames}; {_UNSEEN}",
    }


def _timings(request: Message, response: Message | None) -> dict[str, float]:
    """Milliseconds; a part that the capture doesn't show is 0, since the format wants a number."""
    sent = _ms(request.end_ns - request.time_ns)
    if response is None:
        return {"send": sent, "wait": 0.0, "receive": 0.0}
    return {
        "send": sent,
        "wait": _ms(response.time_ns - request.end_ns),
        "receive": _ms(response.end_ns - response.time_ns),
    }


def _ms(ns: int) -> float:
    return max(ns, 0) / 1e6


def _request(message: Message) -> Json:
    url = url_of(message) or ""
    made = {
        "method": message.method or "",
        "url": url,
        "queryString": _pairs(parse_qsl(_query(url), keep_blank_values=True, errors="replace")),
        "bodySize": message.body.length,
    }
    if message.body.length:
        made["postData"] = _posted(message)
    return made | _common(message, "cookie")


def _response(message: Message | None) -> Json:
    if message is None:
        content = {"size": 0, "mimeType": "x-unknown"}
        common = {"httpVersion": "", "cookies": [], "headers": [], "headersSize": -1}
        return {"status": 0, "statusText": "", "content": content, "redirectURL": "", "bodySize": -1} | common
    return {
        "status": message.status or 0,
        "statusText": message.reason or "",
        "content": _content(message),
        "redirectURL": message.header("location") or "",
        "bodySize": message.body.length,
    } | _common(message, "set-cookie")


def _common(message: Message, cookies: str) -> Json:
    return {
        "httpVersion": _VERSIONS.get(message.protocol, message.protocol.upper()),
        "headers": _pairs(message.headers),
        "cookies": [c for key, value in message.headers if key.lower() == cookies for c in _cookies(value)],
        "headersSize": -1,
        **({"comment": f"replaced by pseudonyms: {', '.join(message.replaced)}"} if message.replaced else {}),
    }


def _pairs(pairs: Any) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies(header: str) -> list[Json]:
    """The name and value of each cookie; of Set-Cookie also its attributes, as they stand."""
    parts = (part.strip().partition("=") for part in header.split(";"))
    return [{"name": name, "value": value} for name, _, value in parts if name]


def _query(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:  # brackets that hold no address
        return url.partition("?")[2].partition("#")[0]


def _posted(message: Message) -> Json:
    made: Json = {"mimeType": message.header("content-type") or "", **_text(message)}
    if "encoding" in made:
        made["_encoding"] = made.pop("encoding")
    return made


def _content(message: Message) -> Json:
    kind = message.header("content-type") or "x-unknown"
    return {"size": len(message.body.content), "mimeType": kind, **_text(message)}


def _text(message: Message) -> Json:
    body = message.body
    text = text_of(body)
    made = (
        {"text": text}
        if text is not None
        else {"text": b64encode(body.content).decode(), "encoding": "base64"}
    )
    lost = "; ".join(filter(None, (body.missing, body.left_out)))
    return made | ({"comment": lost} if lost else {})
