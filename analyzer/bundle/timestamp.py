"""Bytes → a request that a time-stamping authority can answer (RFC 3161 §2.4.1), and what its answer shows.

The request holds the SHA-512 of the bytes, asks for the authority's certificate, and has no nonce: it goes
into a file that anyone may send later, and the same bytes always give the same request.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StampedTime(NamedTuple):
    """What an answer states once it is verified."""

    time_ns: int
    authority: str  # the subject of its certificate (RFC 4514)
    policy: str  # the object identifier of the rules by which it was made


def request_for(data: bytes) -> bytes:
    """The request in DER. ModuleNotFoundError where rfc3161-client is not installed."""
    from rfc3161_client import TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(data).nonce(nonce=False).cert_request(cert_request=True)
    return bytes(builder.build().as_bytes())


def certificates(pem: bytes) -> Sequence[Any]:
    """Return the certificates of a PEM file. Raises ValueError where there is none that signs itself."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        found = load_pem_x509_certificates(pem)
    except ValueError:
        raise ValueError("holds no certificates in PEM") from None
    if not any(each.issuer == each.subject for each in found):
        raise ValueError("holds no root: no certificate in it signs itself")
    return found


def answered(data: bytes, answer: bytes, trusted: Sequence[Any]) -> StampedTime:
    """Return the time at which an authority below one of the certificates was shown these bytes.

    The answer is in DER (RFC 3161 §2.4.2). Raises ValueError, one reason, where it does not show that.
    """
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    roots = [each for each in trusted if each.issuer == each.subject]
    others = [each for each in trusted if each.issuer != each.subject]
    try:
        response = decode_timestamp_response(answer)
    except ValueError:
        raise ValueError("it is no answer of a time-stamping authority") from None
    try:
        VerifierBuilder(roots=roots, intermediates=others).build().verify_message(response, data)
        told = response.tst_info
    except (VerificationError, ValueError) as error:
        raise ValueError(str(error)) from None
    time = told.gen_time if told.gen_time.tzinfo else told.gen_time.replace(tzinfo=UTC)
    time_ns = round((time - EPOCH).total_seconds()) * 1_000_000_000
    return StampedTime(time_ns, _authority(response, trusted), told.policy.dotted_string)


def _authority(response: Any, trusted: Sequence[Any]) -> str:
    """Return the subject of the certificate that the answer says it was signed with."""
    from cryptography.x509 import load_der_x509_certificate

    given = [load_der_x509_certificate(each) for each in response.signed_data.certificates]
    for signer in response.signed_data.signer_infos:
        for each in (*given, *trusted):
            if (each.issuer, each.serial_number) == (signer.issuer, signer.serial_number):
                return str(each.subject.rfc4514_string())
    return "an authority that its answer does not name"
