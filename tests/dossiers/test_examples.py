"""Each dossier's example as a capture: its sender is named, its values are read; a look-alike names none."""

from __future__ import annotations

import pytest

from analyzer.dossiers import load
from analyzer.dossiers.examples import ExampleMessage, example_of, look_alike_of
from analyzer.inspection.dossier_trial import read_example
from analyzer.model import Report
from analyzer.pipeline import analyze
from tests import builders

DOSSIERS = load()
BY_ID = {dossier.id: dossier for dossier in DOSSIERS}
EXAMPLES = {d.id: example for d in DOSSIERS if (example := example_of(d)) is not None}
NAMED = [d.id for d in DOSSIERS if d.id in EXAMPLES and any(r.confidence != "low" for r in d.recognise)]
# Dossiers of messages that are no HTTP and have no layout: tests of dissectors and ciphers have examples.
OF_DISSECTORS = {
    "broadlink-lan", "kasa-lan", "miio-lan", "tuya-lan", "gree-lan", "midea-lan", "orvibo-homemate",
}  # fmt: skip


def address(at: int) -> str:
    return f"198.51.100.{at + 1}"


def frames(example: ExampleMessage, at: int) -> list[bytes]:
    """One connection of a phone to a server of its own."""
    server, ports = address(at), (20_000 + at, example.port)
    if example.transport == "udp":
        return [builders.udp(example.wire(), server=server, ports=ports)]
    return builders.conversation((True, example.wire()), server=server, ports=ports)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Report]:
    """All examples in one capture, and all look-alikes in another."""
    folder = tmp_path_factory.mktemp("examples")
    alike = {name: look_alike_of(example, BY_ID[name]) for name, example in EXAMPLES.items()}
    found = []
    for name, messages in (("examples", EXAMPLES), ("look-alikes", alike)):
        path = folder / f"{name}.pcap"
        path.write_bytes(builders.pcap([f for at, e in enumerate(messages.values()) for f in frames(e, at)]))
        found.append(analyze(path))
    return found[0], found[1]


def senders(report: Report, name: str) -> set[str]:
    server = address(list(EXAMPLES).index(name))
    return {d for m in report.messages if m.destination.address == server for d in m.dossiers}


@pytest.mark.parametrize("name", NAMED)
def test_the_sender_of_an_example_is_named_and_no_other(name: str, reports: tuple[Report, Report]) -> None:
    assert senders(reports[0], name) == {name}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_look_alike_is_nobodys(name: str, reports: tuple[Report, Report]) -> None:
    assert senders(reports[1], name) == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_values_of_an_example_are_read(name: str) -> None:
    example = EXAMPLES[name]
    read = read_example(example, DOSSIERS)
    assert read is not None
    values = {(field.name.lower(), str(field.value)) for field in read.fields}
    assert {(key.lower(), value) for key, value in example.expects.items()} <= values


def test_each_dossier_has_an_example_or_a_reason_for_none() -> None:
    without = {d.id for d in DOSSIERS if d.id not in EXAMPLES and not d.name_only} - OF_DISSECTORS
    coap = {d.id for d in DOSSIERS if any("coap" in protocol for protocol in d.protocols)}
    assert without - coap == set()


HIDDEN = [name for name, dossier in BY_ID.items() if dossier.ciphers and dossier.example]


@pytest.mark.parametrize("name", HIDDEN)
def test_what_was_under_a_published_key_is_said_to_be_so(name: str, reports: tuple[Report, Report]) -> None:
    server = address(list(EXAMPLES).index(name))
    numbers = {m.number for m in reports[0].messages if m.destination.address == server}
    found = [f for f in reports[0].findings if f.message in numbers and "cipher" in f.details]
    assert found
    assert all("encrypted with a key that anyone can know" in " ".join(f.reasons) for f in found)
    hidden = {value for value in EXAMPLES[name].expects.values() if value.isdigit()}
    assert hidden <= {f.value for f in found}


def test_readable_values_are_not(reports: tuple[Report, Report]) -> None:
    plain = [f for f in reports[0].findings if not any(" key " in step for step in f.evidence.path)]
    assert plain
    assert all("cipher" not in finding.details for finding in plain)


def test_trackers_say_who_they_are(reports: tuple[Report, Report]) -> None:
    trackers = [d.id for d in DOSSIERS if d.layout and "imei" in d.holds and d.id in EXAMPLES]
    imeis = {f.value for f in reports[0].findings if f.kind == "imei"}
    assert "490154203237518" in imeis
    servers = {address(list(EXAMPLES).index(name)) for name in trackers if "imei" in EXAMPLES[name].expects}
    seen = {
        m.destination.address
        for m in reports[0].messages
        for f in reports[0].findings
        if f.message == m.number and f.kind == "imei"
    }
    assert servers <= seen
