"""Who may ask: the holder of the token, from this very page; and what a browser may do with the answers."""

from __future__ import annotations

import asyncio
import hmac
import html
import secrets
from collections.abc import Collection
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Sites on other ports of the same host share cookies (RFC 6265 §8.5), so the cookie is named by the port.
COOKIE = "phonehome-{port}"

# The page runs its own script and loads its own style; nothing of it may be framed or sent elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# Without any referrer a form of this page would carry the origin "null" (Fetch Standard, request origin).
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


# Bytes of a refused form that are read all the same, and seconds for them.
DRAINED, DRAIN_TIME = 8 << 20, 5.0
WHAT_TO_DO = (
    "The address that phonehome serve printed opens the page once, in one browser; so nobody else who learns "
    "of it can look in. Go on in the browser that opened it. To use another one, end the program in its "
    "terminal with Ctrl-C and start it again: it prints a new address. What was uploaded goes with it, so "
    "download first what you want to keep."
)
# Plain HTML: what runs or loads nothing.
REFUSAL = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>phonehome</title></head><body><h1>{title}</h1><p>{what}</p></body></html>
"""
# The page behind the token, for a browser that comes from another page: it keeps a cookie that is for the
# same site only from a request that such a page redirects (RFC 6265bis §5.2).
WELCOME = '<!DOCTYPE html><meta http-equiv="refresh" content="0;url=/"><title>phonehome</title>\n'


class Secrets:
    """The secrets of one run: a token for the address, once; a cookie for the browser; one for forms."""

    def __init__(self) -> None:
        self.token: str | None = secrets.token_urlsafe(32)
        self.cookie = secrets.token_urlsafe(32)
        self.form = secrets.token_urlsafe(32)

    def opens(self, token: str) -> bool:
        """Whether this is the token; it opens once."""
        if self.token is None or not hmac.compare_digest(self.token.encode(), token.encode()):
            return False
        self.token = None
        return True

    def is_form(self, value: str) -> bool:
        """Whether a form came from our page."""
        return hmac.compare_digest(self.form.encode(), value.encode("utf-8", "replace"))


class Guard:
    """Wraps the page: what is not allowed ends here."""

    def __init__(self, app: ASGIApp, keys: Secrets, hosts: Collection[str], port: int) -> None:
        """`hosts` are the values of the Host header that mean this page."""
        self._app, self._keys, self._hosts = app, keys, frozenset(hosts)
        self._cookie = COOKIE.format(port=port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        response = self._refusal(scope) or self._welcome(scope)
        if response is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(drain(receive), DRAIN_TIME)
        await (response or self._app)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> Any:
        """Why a request is not for us, whoever sent it."""
        headers = Headers(scope=scope)
        # A name that someone else points here (DNS rebinding) is not ours.
        if headers.get("host", "").lower() not in self._hosts:
            return _refuse(421, "This address is not known here.")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _refuse(405, "Only GET and POST are known here.")
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{headers['host'].lower()}":
            return _refuse(403, "This request comes from another page.")
        site = headers.get("sec-fetch-site")
        if scope["method"] == "POST" and (origin is None or site not in (None, "same-origin")):
            return _refuse(403, "This request comes from another page.")
        return None

    def _welcome(self, scope: Scope) -> Any:
        """None for those who have the cookie; the cookie for whoever has the token."""
        held = _cookie(Headers(scope=scope), self._cookie)
        if held is not None and hmac.compare_digest(held.encode(), self._keys.cookie.encode()):
            return None
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "GET" and scope["path"] == "/" and self._keys.opens(token):
            is_foreign = Headers(scope=scope).get("sec-fetch-site") in ("cross-site", "same-site")
            response = HTMLResponse(WELCOME) if is_foreign else RedirectResponse("/", 303)
            response.set_cookie(self._cookie, self._keys.cookie, httponly=True, samesite="strict", path="/")
            return response
        return _refuse(403, WHAT_TO_DO, "This browser did not open the page")


async def drain(receive: Receive) -> None:
    """Read what is left of a short form: where it isn't read, the answer is lost with the connection."""
    left = DRAINED
    while left > 0:
        message = await receive()
        left -= len(message.get("body", b"")) + 1
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


def _refuse(status: int, sentence: str, title: str = "Not taken") -> HTMLResponse:
    page = REFUSAL.format(title=html.escape(title), what=html.escape(sentence))
    return HTMLResponse(page, status, {"Connection": "close"})


def _cookie(headers: Headers, name: str) -> str | None:
    """The value of a cookie as it stands in the header."""
    for part in headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None
