"""The linter: every dossier validates, explains each of its keys and names its sources."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import analyzer.dossiers
from analyzer.dossiers import Dossier, DossierError, attempt_hosts, load
from analyzer.dossiers.index import candidates
from analyzer.dossiers.schema import GRADES, EvidenceRule, complaints, parse

FILES = sorted(Path(analyzer.dossiers.__file__).parent.glob("*/*.toml"))
DOSSIERS = load()
TELECOM = next(dossier for dossier in DOSSIERS if dossier.id == "china-telecom-registration")

# The key sets of the public clients, by generation (docs: registration protocol, 2014 to 2018).
KEY_SETS = {
    "2014": """REGVER MEID MODELSMS SWVER SIM1CDMAIMSI UETYPE SIM1ICCID SIM1LTEIMSI SIM1TYPE SIM2IMSI SID NID
        MACID MANUFACTURE OSVER HWVER PNAME COLOR MLPLVER MSPLVER CELLID MMEID ACCESSTYPE REGDATE""",
    "2017": """REGVER MEID MODELSMS SWVER SIM1CDMAIMSI SIM2CDMAIMSI UETYPE SIM1ICCID SIM2ICCID SIM1LTEIMSI
        SIM2LTEIMSI SIM1TYPE SIM2TYPE SIM1VoLTESW SIM2VoLTESW DataSIM SID NID MACID MANUFACTURE OSVER HWVER
        PNAME COLOR MLPLVER MSPLVER MMEID ACCESSTYPE REGDATE IMEI1 IMEI2 BASEID""",
    "2018": "REGVER MEID MODEL SWVER IMEI1 SIM1CDMAIMSI SIM1ICCID SIM1LTEIMSI SIM1CELLID REGDATE",
    "MediaTek": """REGVER MEID MODELSMS SWVER UETYPE MACID OSVER HWVER IMEI1 IMEI2 SIM1CDMAIMSI SIM1ICCID
        SIM1LTEIMSI SIM1TYPE SID NID BASEID SIM2IMSI""",
    "7.0 and 8.0": """MODEL ROM RAM SIM1CELLID SIM2CELLID SIM2ICCID SIM2LTEIMSI DATASIM SIM1VoLTESW
        NETWORKTYPE""",
    "modules": "REGVER MEID MODEL SWVER SIM1ICCID SIM1LTEIMSI",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dossier_is_named_as_its_file_and_validates(path: Path) -> None:
    dossier = parse(path.read_text("utf-8"), path.name)
    assert dossier.id == path.stem
    assert complaints(dossier) == []
    assert dossier.summary
    assert all(source.confidence in GRADES for source in dossier.sources)


@pytest.mark.parametrize("dossier", DOSSIERS, ids=lambda dossier: dossier.id)
def test_every_key_is_explained_in_words(dossier: Dossier) -> None:
    assert dossier.grammar.keys <= set(dossier.fields)
    for key, explanation in dossier.fields.items():
        assert len(explanation.means.split()) > 1, key
        assert all(explanation.values.values()), key


@pytest.mark.parametrize("keys", KEY_SETS.values(), ids=KEY_SETS)
def test_every_key_of_the_registration_clients_is_explained(keys: str) -> None:
    assert {key.lower() for key in keys.split()} <= set(TELECOM.fields)


@pytest.mark.parametrize(
    ("key", "value", "means"),
    [("UETYPE", "1", "phone"), ("ACCESSTYPE", "2", "Wi-Fi"), ("SIM1VoLTESW", "3", "not supported")],
)
def test_coded_values_are_explained(key: str, value: str, means: str) -> None:
    assert TELECOM.fields[key.lower()].values[value] == means


def test_ids_are_unique() -> None:
    assert len({dossier.id for dossier in DOSSIERS}) == len(DOSSIERS) == len(FILES)


def test_attempts_are_reported_for_registration_hosts_only() -> None:
    hosts = attempt_hosts(DOSSIERS)
    assert "zzhc.vnet.cn" in hosts
    assert all(d.kind == "activation-ping" for d in DOSSIERS if hosts & set(d.hosts))
    assert not any("*" in host for host in hosts)


WRONG = {
    "host alone": ({"recognise": (EvidenceRule(("host",), "low"),)}, "weak evidence"),
    "host and method": ({"recognise": (EvidenceRule(("host", "method"), "low"),)}, "weak evidence"),
    "no source": ({"sources": ()}, "names no source"),
    "no rule": ({"recognise": ()}, "no rule"),
    "kind": ({"kind": "spyware"}, "kind 'spyware'"),
    "unexplained": ({"fields": {}}, "not explained"),
    "evidence": ({"recognise": (EvidenceRule(("smell",), "low"),)}, "can't be seen"),
    "attempts": ({"hosts": ()}, "only be told by a host"),
    "id": ({"id": "China Telecom"}, "no id"),
}


@pytest.mark.parametrize(("change", "says"), WRONG.values(), ids=WRONG)
def test_the_linter_complains(change: dict[str, object], says: str) -> None:
    assert any(says in complaint for complaint in complaints(replace(TELECOM, **change)))  # type: ignore[arg-type]


def test_a_file_that_is_no_dossier_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('title = "half')
    with pytest.raises(DossierError, match=r"x\.toml: not a dossier"):
        load(tmp_path)


def test_a_misspelt_key_is_not_passed_over() -> None:
    text = FILES[0].read_text("utf-8").replace("\nhosts", "\nhots")
    assert tomllib.loads(text)
    with pytest.raises(DossierError, match="hots"):
        parse(text, "x.toml")


def test_the_file_that_is_read_is_made_of_the_files_that_are_written() -> None:
    written = [parse(path.read_text("utf-8"), path.name) for path in FILES]
    assert sorted(DOSSIERS, key=lambda d: d.id) == sorted(written, key=lambda d: d.id)


@pytest.mark.parametrize("dossier", DOSSIERS, ids=lambda dossier: dossier.id)
def test_of_all_dossiers_those_of_a_host_are_found_by_it(dossier: Dossier) -> None:
    for host in dossier.hosts:
        assert dossier in candidates(DOSSIERS, host.replace("*", "x"))
