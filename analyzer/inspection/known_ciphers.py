"""Values encrypted with a key that is published: neither clear text nor real encryption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analyzer.codecs.published_keys import PUBLISHED_STEP, CipherError, PublishedKey, cipher_of, shipped
from analyzer.dossiers import Dossier, DossierError, Dossiers
from analyzer.model import Finding

CIPHER = "cipher"  # the detail of a finding that names algorithm and mode
MOST_KEPT = 4
_KEPT: dict[int, tuple[Sequence[Dossier], Sequence[PublishedKey]]] = {}  # by the dossiers' identity
SAYS = "encrypted with a key that anyone can know: {cipher}, published for the dossier {dossier}"


def keys_of(dossiers: Sequence[Dossier]) -> Sequence[PublishedKey]:
    """Return the keys that these dossiers publish; those of this package are read once.

    Raises DossierError where a cipher of the user's own is not right.
    """
    own = tuple(d for d in dossiers.own if d.ciphers) if isinstance(dossiers, Dossiers) else ()
    if not own:
        return shipped()
    if len(_KEPT) > MOST_KEPT:
        _KEPT.clear()
    return _KEPT.setdefault(id(dossiers), (dossiers, _with(own)))[1]


def _with(own: tuple[Dossier, ...]) -> Sequence[PublishedKey]:
    replaced = {dossier.id for dossier in own}
    kept = (key for key in shipped() if key.dossier not in replaced)
    return (*kept, *(_key(dossier, table) for dossier in own for table in dossier.ciphers))


def _key(dossier: Dossier, table: Mapping[str, Any]) -> PublishedKey:
    try:
        return cipher_of(table, dossier.id)
    except CipherError as problem:
        raise DossierError(f"{dossier.id}: {problem}") from None


def with_cipher(finding: Finding) -> Finding:
    """Return a finding that says so where its value was encrypted with a published key."""
    for step in finding.evidence.path:
        if " key " in step and (found := PUBLISHED_STEP.fullmatch(step)):
            says = SAYS.format(cipher=found[1], dossier=found[3])
            details = {**finding.details, CIPHER: found[1]}
            return replace(finding, reasons=(*finding.reasons, says), details=details)
    return finding
