"""Who allocated a TAC, and what a user's own table says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.cli import main
from analyzer.identifiers.tac import allocated_by, check_table, phones_in

CAPTURE = Path(__file__).parents[2] / "captures" / "nokia7plus-reconstruction.pcap"
# The forms of public exports; names and numbers are made up.
TABLES = {
    "Osmocom's export": (
        "Osmocom TAC database under CC-BY-SA v3.0 (c) Harald Welte 2016\n"
        "tac,name,name,contributor,comment,gsmarena,gsmarena,aka\n"
        '49015420,Example,"Phone, 1",,,,,\n'
    ),
    "named columns": 'Brand,TAC,Model\nExample,49015420,"Phone, 1"\n',
    "no heading": '49015420,Example,"Phone, 1",2004\n12345678,Other,X,\n',
    "a byte order mark": '\ufeffTAC,Manufacturer,Model Name\r\n49015420,Example,"Phone, 1"\r\n',
}


def written(folder: Path, text: str) -> Path:
    path = folder / "tac.csv"
    path.write_text(text, "utf-8", newline="")
    return path


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_a_table_in_each_usual_form_is_read(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    check_table(path)
    assert phones_in(path, {"49015420", "99999999"}) == {"49015420": ("Example", "Phone, 1")}


def test_zeros_that_a_spreadsheet_dropped_are_put_back(tmp_path: Path) -> None:
    path = written(tmp_path, "tac,brand,model\n1161200,Example,Pad\n")
    assert phones_in(path, {"01161200"}) == {"01161200": ("Example", "Pad")}


@pytest.mark.parametrize("text", ["", "a,b,c\n1,2,3\n", "tac\n49015420\n", "\0\0\0"])
def test_what_is_no_such_table_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"tac\.csv: "):
        check_table(written(tmp_path, text))


@pytest.mark.parametrize(
    ("tac", "said"),
    [("35693803", "United Kingdom"), ("86751306", "China"), ("49015420", "allocates no more"),
     ("00440200", "tests"), ("77000000", "")],
)  # fmt: skip
def test_the_body_that_allocated_a_code_is_told_by_two_digits(tac: str, said: str) -> None:
    assert said in allocated_by(tac)
    assert bool(said) == bool(allocated_by(tac))


def test_a_report_names_the_phone_by_the_users_table(tmp_path: Path) -> None:
    tac = next(f.details["tac"] for f in analyze(CAPTURE).findings if f.kind == "imei")
    path = written(tmp_path, f"tac,brand,model\n{tac},HMD Global,Nokia 7 plus\n")
    found = [f for f in analyze(CAPTURE, tac=path).findings if f.details.get("tac") == tac]
    assert found
    assert {f.details["phone"] for f in found} == {"HMD Global Nokia 7 plus (by its TAC, tac.csv)"}


def test_a_table_that_vanished_during_the_scan_is_a_problem(tmp_path: Path) -> None:
    report = analyze(CAPTURE, tac=tmp_path / "none.csv")
    assert "tac-table" in {problem.code for problem in report.problems}
    assert report.findings


def test_a_table_that_is_none_is_refused_before_the_scan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "a,b\n1,2\n")
    assert main(["scan", "-q", "--tac", str(path), str(CAPTURE)]) == 2
    assert "--tac: " in capsys.readouterr().err


def test_the_table_in_the_users_data_folder_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "phonehome").mkdir()
    tac = next(f.details["tac"] for f in analyze(CAPTURE).findings if f.kind == "imei")
    written(tmp_path / "phonehome", f"tac,brand,model\n{tac},Example,Phone 1\n")
    main(["scan", "-q", "-v", str(CAPTURE)])
    assert "Example Phone 1" in " ".join(capsys.readouterr().out.split())
