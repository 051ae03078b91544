"""Signatures and time stamps beside a manifest → who signed it and when it existed, by given keys and roots.

The manifest states the SHA-256 of every other file, and `SHA256SUMS` that of the manifest; so what holds for
one of the two holds for the whole bundle. Only the files named here are not stated anywhere: each is a
statement of somebody else about the bundle, and says nothing until a key or a root is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from analyzer.bundle.manifest import MANIFEST, SUMS
from analyzer.bundle.minisign_signature import is_public_key, signer, trusted_comment
from analyzer.bundle.selection import SelectionError
from analyzer.bundle.sigstore_signature import SigstoreSigner, objection
from analyzer.bundle.ssh_signature import is_signed_by, signers
from analyzer.bundle.timestamp import answered, certificates
from analyzer.report.units import iso

# The names that ssh-keygen -Y sign, minisign -S and sigstore sign give.
SSH, MINISIGN, SIGSTORE = f"{MANIFEST}.sig", f"{MANIFEST}.minisig", f"{MANIFEST}.sigstore.json"
SIGNATURES = {SSH: "--key", MINISIGN: "--key", SIGSTORE: "--sigstore-identity"}
STAMPED = (SUMS, MANIFEST, *SIGNATURES)
ANSWERS = {f"{name}.tsr": name for name in STAMPED}  # RFC 3161 §3.2 names the ending
BESIDE = frozenset((*SIGNATURES, *ANSWERS))  # files that nothing in the bundle states


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures and time stamps count; each file with the name that a sentence gives it."""

    keys: Sequence[tuple[str, bytes]] = ()  # public keys of SSH or minisign
    sigstore: SigstoreSigner | None = None
    tsa_roots: tuple[str, bytes] | None = None  # certificates, PEM


@dataclass(slots=True)
class Authorship:
    """What signatures and time stamps show, one sentence each."""

    checked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    is_signed: bool = False  # by anyone
    is_stamped: bool = False

    @property
    def author(self) -> str:
        """Who signed, or why that is not known."""
        why = "by a key that was not given" if self.is_signed else "the bundle is not signed"
        return "; ".join(self.authors) or f"not verified ({why})"

    @property
    def time(self) -> str:
        """When the bundle existed, or why that is not known."""
        why = "no roots were given" if self.is_stamped else "no authority's time stamp lies beside it"
        return "; ".join(self.times) or f"not verified ({why})"


def authorship(files: dict[str, bytes], trust: Trust) -> Authorship:
    """Verify what lies beside a manifest; `files` are MANIFEST, SUMS and those of BESIDE that are there.

    Raises SelectionError where a key or root that was given can't be read.
    """
    made = Authorship(
        is_signed=any(name in files for name in SIGNATURES), is_stamped=any(name in files for name in ANSWERS)
    )
    present = {name: files[name] for name in SIGNATURES if name in files}
    verified: set[str] = set()
    for name, data in trust.keys:
        verified |= _by_key(made, files[MANIFEST], present, name, data)
    if trust.sigstore is not None:
        verified |= _by_sigstore(made, files[MANIFEST], present, trust.sigstore)
    for name in sorted(present.keys() - verified):
        made.unverified.append(f"{name}: whose signature it is: no key that was given is that of its maker")
    _stamps(made, files, trust.tsa_roots)
    return made


# ── who ─────────────────────────────────────────────────────────────────────


def _by_key(made: Authorship, data: bytes, present: dict[str, bytes], path: str, key: bytes) -> set[str]:
    """Return which signatures a key verifies; that it verifies none is wrong."""
    try:
        found = list(
            _minisigned(data, present, key) if is_public_key(key) else _ssh_signed(data, present, key)
        )
    except ValueError as error:
        raise SelectionError(f"--key {path}: {error}; give a public key of SSH or minisign") from None
    for name, who in found:
        made.checked.append(f"{name}: {MANIFEST} is signed with the {who} of {path}")
        made.authors.append(who)
    if not found:
        told = ", ".join(sorted(present)) or "there is no signature"
        made.wrong.append(f"{MANIFEST}: is not signed with a key of {path} ({told})")
    return {name for name, _ in found}


def _ssh_signed(data: bytes, present: dict[str, bytes], key: bytes) -> Iterator[tuple[str, str]]:
    known = signers(key.decode("utf-8"))
    if not known:
        raise ValueError("holds no key")
    for each in known:
        if SSH in present and is_signed_by(data, present[SSH], each):
            yield SSH, f"SSH key {each.fingerprint}" + (f" ({each.name})" if each.name else "")


def _minisigned(data: bytes, present: dict[str, bytes], key: bytes) -> Iterator[tuple[str, str]]:
    by = signer(key)
    comment = trusted_comment(data, present[MINISIGN], by) if MINISIGN in present else None
    if comment is not None:
        yield MINISIGN, f"minisign key {by.identifier}"


def _by_sigstore(made: Authorship, data: bytes, present: dict[str, bytes], by: SigstoreSigner) -> set[str]:
    if SIGSTORE not in present:
        made.wrong.append(f"{MANIFEST}: is not signed by {by.identity}: there is no {SIGSTORE}")
        return set()
    try:
        why = objection(data, present[SIGSTORE], by)
    except ValueError as error:
        raise SelectionError(f"--sigstore-root: {error}") from None
    if why is not None:
        made.wrong.append(f"{SIGSTORE}: is no signature of {MANIFEST} by {by.identity}: {why}")
        return set()
    who = f"Sigstore identity {by.identity}, confirmed by {by.issuer}"
    made.checked.append(f"{SIGSTORE}: {MANIFEST} is signed by the {who}")
    made.authors.append(who)
    return {SIGSTORE}


# ── when ────────────────────────────────────────────────────────────────────


def _stamps(made: Authorship, files: dict[str, bytes], roots: tuple[str, bytes] | None) -> None:
    answers = {answer: of for answer, of in ANSWERS.items() if answer in files}
    if roots is None:
        made.unverified += [
            f"{answer}: when {of} existed: no roots (--tsa-roots)" for answer, of in answers.items()
        ]
    elif not answers:
        made.wrong.append(f"{SUMS}.tsr: there is no answer of a time-stamping authority to verify")
    if roots is None:
        return
    try:
        trusted = certificates(roots[1])
    except ValueError as error:
        raise SelectionError(f"--tsa-roots {roots[0]}: {error}; give root certificates in PEM") from None
    for answer, of in answers.items():
        if of in files:
            _stamp(made, answer, of, files, trusted)
        else:
            made.wrong.append(f"{answer}: is of {of}, which is not there")


def _stamp(
    made: Authorship, answer: str, of: str, files: dict[str, bytes], trusted: Sequence[object]
) -> None:
    try:
        told = answered(files[of], files[answer], trusted)
    except ValueError as error:
        made.wrong.append(f"{answer}: does not show when {of} existed: {error}")
        return
    made.checked.append(
        f"{answer}: {of} existed at {iso(told.time_ns)}, says {told.authority}, policy {told.policy}"
    )
    made.times.append(f"{of} existed at {iso(told.time_ns)}, says {told.authority}")
