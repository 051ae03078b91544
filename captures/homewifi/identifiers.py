"""Synthetic identifiers: right check digits, and numbers that no phone or SIM carries."""

from __future__ import annotations


def luhn_digit(digits: str) -> str:
    """The check digit that makes `digits` + it pass the Luhn test (ISO/IEC 7812-1 annex B)."""
    doubled = (int(d) * 2 if i % 2 == 0 else int(d) for i, d in enumerate(reversed(digits)))
    return str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


IMEI1 = "490154203237518"  # the worked example of the GSM specifications, in countless documents
IMEI2 = "00440012000001" + luhn_digit("00440012000001")  # the TAC range of test equipment
MEID = "A00000DEADBEEF"
ICCID = "8947001234567890123" + luhn_digit("8947001234567890123")  # 47 Norway; 00 is no issuer's
NO_ICCID = "0" * 20  # what the client sends for an empty slot
IMSI = "242011234567890"  # 242 Norway, 01; the subscriber part merely counts
CELL = "21000001"

# 00-00-5E-00-53-xx is set aside for documentation (RFC 7042 §2.1.2).
ROUTER_MAC = "00:00:5e:00:53:01"
PHONE_MAC = "00:00:5e:00:53:a7"
CONTROL_MAC = "00:00:5e:00:53:b2"
