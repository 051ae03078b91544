"""Which dossiers can match a request at all, by the host that it names.

A scan looks at each request once; most dossiers ask for their host, so that of hundreds a few are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from analyzer.dossiers.schema import GENERAL, Dossier

MOST_KEPT = 1024  # hosts, which a hostile capture can name without end


class Dossiers(tuple[Dossier, ...]):
    """Dossiers in their order, with an index by host."""

    own: tuple[Dossier, ...] = ()  # those of the user's folders

    def with_protocol(self, protocol: str) -> Sequence[Dossier]:
        """Return the dossiers that are known by a protocol of few senders, or by a layout of their own."""
        found = self._spoken.get(protocol)
        if found is None:
            if len(self._spoken) >= MOST_KEPT:
                self._spoken.clear()
            found = self._spoken[protocol] = [d for d in self if protocol in _spoken_by(d)]
        return found

    @cached_property
    def ciphered(self) -> Sequence[Dossier]:
        """The dossiers with a rule that a published key is enough for."""
        return [d for d in self if any("cipher" in rule.needs for rule in d.recognise)]

    @cached_property
    def _spoken(self) -> dict[str, list[Dossier]]:
        return {}

    def with_host(self, host: str) -> Sequence[Dossier]:
        """Return the dossiers whose rules may hold for a request to this host, in their order."""
        found = self._asked.get(host)
        if found is None:
            if len(self._asked) >= MOST_KEPT:
                self._asked.clear()
            found = self._asked[host] = self._with_host(host)
        return found

    def _with_host(self, host: str) -> list[Dossier]:
        places = {*self._anywhere, *self._exact.get(host, ())}
        places.update(place for pattern, place in self._patterns if fnmatchcase(host, pattern))
        return [self[place] for place in sorted(places)]

    @cached_property
    def _asked(self) -> dict[str, list[Dossier]]:
        """Hosts that were asked for already: a phone names the same ones again and again."""
        return {}

    @cached_property
    def _anywhere(self) -> frozenset[int]:
        return frozenset(place for place, dossier in enumerate(self) if _matches_anywhere(dossier))

    @cached_property
    def _exact(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for host, place in self._hosts():
            if "*" not in host:
                found.setdefault(host, []).append(place)
        return found

    @cached_property
    def _patterns(self) -> list[tuple[str, int]]:
        return [(host, place) for host, place in self._hosts() if "*" in host]

    def _hosts(self) -> Iterable[tuple[str, int]]:
        return ((host, place) for place, dossier in enumerate(self) for host in dossier.hosts)


def candidates(
    dossiers: Sequence[Dossier], host: str, protocol: str = "", is_ciphered: bool = False
) -> Sequence[Dossier]:
    """Return those of the dossiers that may match a request to this host, over this protocol.

    `is_ciphered` says that a published key opened a part of it.
    """
    if not isinstance(dossiers, Dossiers):
        return dossiers
    found = dossiers.with_host(host)
    further = [*dossiers.with_protocol(protocol), *(dossiers.ciphered if is_ciphered else ())]
    return [*found, *_new(further, found)] if further else found


def _new(further: Sequence[Dossier], found: Sequence[Dossier]) -> list[Dossier]:
    """Those of `further` that are not found yet, each once."""
    seen = set(map(id, found))
    new = []
    for dossier in further:
        if id(dossier) not in seen:
            seen.add(id(dossier))
            new.append(dossier)
    return new


def _spoken_by(dossier: Dossier) -> tuple[str, ...]:
    own = (dossier.layout["protocol"],) if dossier.layout else ()
    return own + tuple(protocol for protocol in dossier.protocols if not protocol.startswith(GENERAL))


def _matches_anywhere(dossier: Dossier) -> bool:
    """Whether a rule is content without the host, a protocol of few senders and a published key."""
    rules = [rule for rule in dossier.recognise if not {"layout", "protocol", "cipher"} & set(rule.needs)]
    if not rules and dossier.recognise:
        return False
    return not dossier.hosts or any("host" not in rule.needs for rule in rules)
