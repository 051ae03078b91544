"""Which dossiers can match a request at all, by the host that it names.

A scan looks at each request once; most dossiers ask for their host, so that of hundreds a few are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from analyzer.dossiers.schema import Dossier

MOST_KEPT = 1024  # hosts, which a hostile capture can name without end


class Dossiers(tuple[Dossier, ...]):
    """Dossiers in their order, with an index by host."""

    own: tuple[Dossier, ...] = ()  # those of the user's folders

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


def candidates(dossiers: Sequence[Dossier], host: str) -> Sequence[Dossier]:
    """Return those of the dossiers that may match a request to this host."""
    return dossiers.with_host(host) if isinstance(dossiers, Dossiers) else dossiers


def _matches_anywhere(dossier: Dossier) -> bool:
    """Whether a rule is content without the host."""
    return not dossier.hosts or any("host" not in rule.needs for rule in dossier.recognise)
