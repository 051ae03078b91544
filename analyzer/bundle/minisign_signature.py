"""Signatures of minisign (https://jedisct1.github.io/minisign/) of a manifest: made, and verified."""

from __future__ import annotations

import base64
from typing import NamedTuple

LENGTH_OF_SECRET_KEY = 158  # bytes
NOT_DERIVED = b"\0\0"
COMMENT = b"untrusted comment:"  # with which every file of minisign begins


class MinisignSigner(NamedTuple):
    """A public key, in base64, and how minisign names it."""

    base64: str
    identifier: str


def signature(data: bytes, secret_key: bytes, passphrase: str | None) -> bytes:
    """Return the text of the signature. Raises ValueError where the passphrase does not open the key."""
    import minisign

    try:
        key = minisign.SecretKey.from_bytes(secret_key)
        if is_locked(secret_key):
            key.decrypt(passphrase or "")
        return bytes(key.sign(data)).rstrip(b"\n") + b"\n"
    except minisign.Error as error:
        raise ValueError(str(error)) from None


def is_locked(secret_key: bytes) -> bool:
    """Return whether a secret key asks for a passphrase. Raises ValueError where it is none.

    Behind two bytes for the algorithm stand two that name how the key was derived, zeros where it was not.
    """
    lines = secret_key.strip().splitlines()
    data = base64.b64decode(lines[-1], validate=True)
    if len(data) != LENGTH_OF_SECRET_KEY:
        raise ValueError(f"a secret key has {LENGTH_OF_SECRET_KEY} bytes, this one has {len(data)}")
    return data[2:4] != NOT_DERIVED


def is_public_key(data: bytes) -> bool:
    """Return whether a file is a public key of minisign: with its comment, or the key alone."""
    words = data.split()
    return data.startswith(COMMENT) or (len(words) == 1 and words[0].startswith(b"RW"))


def signer(data: bytes) -> MinisignSigner:
    """Return the key of such a file. Raises ValueError where it is none."""
    import minisign

    lines = data.strip().splitlines()
    try:
        text = minisign.PublicKey.from_base64(lines[-1] if lines else b"").to_base64().decode()
    except minisign.Error as error:
        raise ValueError(str(error)) from None
    identifier = base64.b64decode(text)[2:10]  # behind the algorithm, the last byte first
    return MinisignSigner(text, identifier[::-1].hex().upper())


def trusted_comment(data: bytes, signed: bytes, by: MinisignSigner) -> str | None:
    """Return the comment that is signed too; None where the signature is not of that key and these bytes."""
    import minisign

    try:
        made = minisign.Signature.from_bytes(signed)
        minisign.PublicKey.from_base64(by.base64).verify(data, made)
    except (minisign.Error, ValueError):
        return None
    return str(made.trusted_comment)
