"""Bytes → a request that a time-stamping authority can answer (RFC 3161 §2.4.1), made offline.

It holds the SHA-512 of the bytes, asks for the authority's certificate, and has no nonce: it goes into a
file that anyone may send later, and the same bytes always give the same request.
"""

from __future__ import annotations


def request_for(data: bytes) -> bytes:
    """The request in DER. ModuleNotFoundError where rfc3161-client is not installed."""
    from rfc3161_client import TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(data).nonce(nonce=False).cert_request(cert_request=True)
    return bytes(builder.build().as_bytes())
