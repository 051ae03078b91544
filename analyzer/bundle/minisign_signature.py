"""Signatures of minisign (https://jedisct1.github.io/minisign/) of a manifest: made, and verified."""

from __future__ import annotations

from typing import NamedTuple

COMMENT = b"untrusted comment:"  # with which every file of minisign begins


class MinisignSigner(NamedTuple):
    """A public key, in base64, and how minisign names it."""

    base64: str
    identifier: str


def signature(data: bytes, secret_key: bytes, passphrase: str | None) -> bytes:
    """Return the text of the signature. Raises ValueError where the passphrase does not open the key."""
    import minisign

    with minisign.SecretKey.from_bytes(secret_key) as key:
        if key.is_encrypted():
            key.decrypt(passphrase or "")
        return bytes(key.sign(data)) + b"\n"


def is_locked(secret_key: bytes) -> bool:
    """Return whether a secret key asks for a passphrase. Raises ValueError where it is none."""
    import minisign

    return bool(minisign.SecretKey.from_bytes(secret_key).is_encrypted())


def is_public_key(data: bytes) -> bool:
    """Return whether a file is a public key of minisign: with its comment, or the key alone."""
    words = data.split()
    return data.startswith(COMMENT) or (len(words) == 1 and words[0].startswith(b"RW"))


def signer(data: bytes) -> MinisignSigner:
    """Return the key of such a file. Raises ValueError where it is none."""
    import minisign

    lines = data.strip().splitlines()
    key = minisign.PublicKey.from_base64(lines[-1] if lines else b"")
    text = key.to_base64().decode()
    return MinisignSigner(text, key._keynum_pk.key_id[::-1].hex().upper())


def trusted_comment(data: bytes, signed: bytes, by: MinisignSigner) -> str | None:
    """Return the comment that is signed too; None where the signature is not of that key and these bytes."""
    import minisign

    try:
        made = minisign.Signature.from_bytes(signed)
        minisign.PublicKey.from_base64(by.base64).verify(data, made)
    except ValueError:  # minisign.Error is one
        return None
    return str(made.trusted_comment)
