"""The labelled set and the corpus through the decoders and detectors → counts of right, wrong and missed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import fields_of
from analyzer.model import Finding
from tests.accuracy.labelled import Case

NOBODY = KnownValues.none()
Label = tuple[str, str]
Found = Callable[[Case], set[Label]]

# What is less exact than the label is right too: an access point's address is a MAC address.
SAME = {"advertising_id": "gaid", "bssid": "mac"}
FACTS = frozenset(("model", "build", "operator", "local_ip"))


class Score(NamedTuple):
    """Of one kind: labels found, findings without a label, labels not found."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def counted(case: Case) -> list[Finding]:
    """The findings of a message without numbers worth checking, which no headline counts."""
    found = findings_in(fields_of(case.message), NOBODY)
    return [f for f in found if f.certainty != "number worth checking"]


def found_in(case: Case) -> set[tuple[str, str]]:
    """Kind and value as it stood, or normalised where the value was written in parts."""
    found = counted(case)
    return {(f.kind, f.raw if (f.kind, f.raw) in case.labels else f.value) for f in found}


def roughly_found_in(case: Case) -> set[Label]:
    """The same for the second set: spelling and less exact kinds set aside, facts only where labelled."""
    labels = {rough(*label): label for label in case.labels}
    told: set[Label] = set()
    for f in counted(case):
        seen = rough(f.kind, f.raw) if rough(f.kind, f.raw) in labels else rough(f.kind, f.value)
        if seen in labels or f.kind not in FACTS:
            told.add(labels.get(seen, seen))
    return told


def rough(kind: str, value: str) -> Label:
    """A label without what does not matter."""
    kind = SAME.get(kind, kind)
    spelled = {"mac": value.replace("-", ":").lower(), "phone": value.lstrip("+")}
    return kind, spelled.get(kind, value)


def scores(cases: Iterable[Case], found_in: Found = found_in) -> dict[str, Score]:
    """The score of each kind that was labelled or found, in alphabetical order."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for case in cases:
        found = found_in(case)
        right.update(kind for kind, _ in found & case.labels)
        wrong.update(kind for kind, _ in found - case.labels)
        missed.update(kind for kind, _ in case.labels - found)
    kinds = sorted({*right, *wrong, *missed})
    return {kind: Score(right[kind], wrong[kind], missed[kind]) for kind in kinds}


def errors(cases: Iterable[Case], found_in: Found = found_in) -> list[str]:
    """Every case that was not answered exactly, in words; without the values, which may be drawn."""
    said = []
    for case in cases:
        found = found_in(case)
        for kind, _ in sorted(found - case.labels):
            said.append(f"{case.title} in {case.carrier}: {kind} was found and is none")
        for kind, _ in sorted(case.labels - found):
            said.append(f"{case.title} in {case.carrier}: {kind} was not found")
    return said


def by_carrier(cases: Iterable[Case]) -> dict[str, Score]:
    """The score of each carrier, all kinds together."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for case in cases:
        found = found_in(case)
        for at, part in enumerate((found & case.labels, found - case.labels, case.labels - found)):
            counts[case.carrier][at] += len(part)
    return {carrier: Score(*numbers) for carrier, numbers in counts.items()}
