"""SSH signatures of a manifest (OpenSSH, PROTOCOL.sshsig): made and verified."""

from __future__ import annotations

from typing import Any, NamedTuple

NAMESPACE = "phonehome-evidence"  # a signature for another purpose is none of a bundle
ANYONE = "*"


class SshSigner(NamedTuple):
    """A key that may have signed, as one line of a key file gives it."""

    name: str  # the first principal of a line of `allowed_signers`, or the comment of the key
    fingerprint: str  # as ssh-keygen -l prints it
    allowed: str  # lines for `validate_sshsig`, all of which have to hold
    principal: str


def signature(data: bytes, private_key: bytes, passphrase: str | None) -> bytes:
    """Return the armoured signature. Raises ValueError where the key can't be read with that passphrase."""
    import asyncssh

    try:
        key = asyncssh.import_private_key(private_key, passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise ValueError(str(error)) from None
    return bytes(asyncssh.create_sshsig(key, data, namespace=NAMESPACE))


def is_locked(private_key: bytes) -> bool:
    """Return whether a private key asks for a passphrase."""
    import asyncssh

    try:
        asyncssh.import_private_key(private_key)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        return "passphrase" in str(error).lower()
    return False


def signers(text: str) -> list[SshSigner]:
    """Return the keys of a file of public keys or of `allowed_signers` (ssh-keygen(1)).

    Raises ValueError for a line that is none. Lines of certificate authorities are none.
    """
    lines = [line.strip() for line in text.splitlines()]
    return [_signer(line) for line in lines if line and not line.startswith("#")]


def is_signed_by(data: bytes, armoured: bytes, signer: SshSigner) -> bool:
    """Return whether a signature of these bytes was made with the key, for this purpose."""
    import asyncssh
    from asyncssh.sshsig import import_allowed_signers

    own = f'{ANYONE} namespaces="{NAMESPACE}" {_key_words(signer.allowed)}'
    try:
        return all(
            asyncssh.validate_sshsig(data, armoured, signer.principal, import_allowed_signers(line))
            for line in (own, signer.allowed)
        )
    except (ValueError, asyncssh.Error):  # a hash or a form of key that nothing here knows
        return False


def _signer(line: str) -> SshSigner:
    import asyncssh

    try:
        key = asyncssh.import_public_key(line)
    except asyncssh.KeyImportError:
        return _allowed_signer(line)
    words = key.export_public_key().decode().split()[:2]
    return SshSigner(_comment(key), key.get_fingerprint(), f"{ANYONE} {' '.join(words)}", ANYONE)


def _allowed_signer(line: str) -> SshSigner:
    import asyncssh
    from asyncssh.sshsig import import_allowed_signers

    try:
        import_allowed_signers(line)
        key = asyncssh.import_public_key(_key_words(line))
    except (ValueError, asyncssh.Error) as error:
        raise ValueError(f"{line[:40]!r} is no public key of SSH ({error})") from None
    principal = line.split(None, 1)[0].strip('"').split(",")[0]
    return SshSigner(principal, key.get_fingerprint(), line, principal)


def _key_words(line: str) -> str:
    """Return type and key of a line, behind principals and options."""
    words = line.split()
    at = next((at for at, word in enumerate(words[:-1]) if words[at + 1].startswith("AAAA")), 0)
    return " ".join(words[at : at + 2])


def _comment(key: Any) -> str:
    return str(key.get_comment() or "")
