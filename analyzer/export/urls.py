"""Messages → the address that was asked for, as far as it was said."""

from __future__ import annotations

from urllib.parse import quote

from analyzer.model import Message

_DEFAULT = 80


def url_of(request: Message) -> str | None:
    """`http://host:port/target`; the address stands for a host that was not named. None for a response.

    What must not stand in a URL is percent-encoded (RFC 3986 §2.1).
    """
    if request.role != "request" or request.target is None:
        return None
    target = quote(request.target, safe=_SAFE, errors="replace")
    if "://" in request.target.split("?")[0]:  # asked of a proxy
        return target
    host = quote(request.host or "", safe=_SAFE, errors="replace")
    address = request.destination.address
    host = host or (f"[{address}]" if ":" in address else address)
    port = request.destination.port
    named = ":" in host.rpartition("]")[2]
    return f"http://{host}{'' if named or port == _DEFAULT else f':{port}'}{_path(target)}"


def _path(target: str) -> str:
    return target if target.startswith(("/", "?")) else f"/{target}"


_SAFE = "!#$%&'()*+,/:;=?@[]~"
