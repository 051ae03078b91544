"""What a host name is named under, against the Public Suffix List and IDNA as their libraries have them."""

from __future__ import annotations

from pathlib import Path

import idna
import publicsuffixlist
import pytest

from analyzer.geo.domains import naming


@pytest.mark.parametrize(
    ("name", "domain", "region", "text"),
    [
        ("zzhc.vnet.cn", "vnet.cn", "CN", None),
        ("a.b.com.cn", "b.com.cn", "CN", None),
        ("www.example.co.uk", "example.co.uk", "GB", None),
        ("www.example.com.tw.", "example.com.tw", "TW", None),
        ("WWW.EXAMPLE.HK", "example.hk", "HK", None),
        ("d111.cloudfront.net", "cloudfront.net", None, None),
        ("example.xn--fiqs8s", "example.xn--fiqs8s", "CN", "example.中国"),
        ("xn--0zwm56d.com", "xn--0zwm56d.com", None, "测试.com"),
        ("xn--bad--.cn", "xn--bad--.cn", "CN", None),
        ("phone.local", None, None, None),
        ("phone", None, None, None),
        ("192.0.2.1", None, None, None),
        ("2001:db8::1", None, None, None),
        ("", None, None, None),
        ("..", None, None, None),
    ],
)
def test_a_name_has_its_registered_part_its_region_and_its_script(
    name: str, domain: str | None, region: str | None, text: str | None
) -> None:
    assert naming(name) == (domain, region, text)


def test_every_internationalised_country_code_of_the_list_has_its_region() -> None:
    text = Path(publicsuffixlist.__file__).with_name("public_suffix_list.dat").read_text("utf-8")
    country_codes = text[: text.index("// newGTLDs")]
    lines = (line.strip() for line in country_codes.splitlines())
    tops = [
        line
        for line in lines
        if line and not line.startswith("//") and "." not in line and not line.isascii()
    ]
    assert len(tops) > 50
    unknown = [top for top in tops if naming(f"example.{idna.encode(top).decode()}").region is None]
    assert sorted(unknown) == sorted(["ею", "ευ"])  # the European Union's: no country


@pytest.mark.parametrize("name", ["example.eu", "example.su", "example.ac", "example.com", "example.arpa"])
def test_domains_of_no_assigned_country_name_none(name: str) -> None:
    assert naming(name).region is None
