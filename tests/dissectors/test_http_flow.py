"""Requests and responses to exchanges: pairing, losses, captures of one side only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http_flow import HttpFlow
from tests.builders import http_request, http_response
from tests.dissectors.http import responses
from tests.dissectors.talks import is_unclassified
from tests.examples import examples

UP, DOWN = 0, 1


class Sent(NamedTuple):
    """A segment: which side sent it, its place in that side's stream, its bytes."""

    side: int
    offset: int
    data: bytes


def conversation(*messages: tuple[int, bytes], most: int = 1 << 20) -> list[Sent]:
    """Messages as segments, each side's one after the other."""
    at, segments = [0, 0], []
    for side, data in messages:
        for start in range(0, len(data), most):
            piece = data[start : start + most]
            segments.append(Sent(side, at[side], piece))
            at[side] += len(piece)
    return segments


def exchanges(segments: Sequence[Sent], close: bool = True) -> list[Exchange]:
    """What a flow makes of these segments, fed in this order with frames from 1."""
    flow, found = HttpFlow(0, 0), []
    for number, (side, offset, data) in enumerate(segments):
        found += flow.feed(side, 1 + offset, data, number + 1, number)
    return found + (list(flow.close()) if close else [])


def pairs(found: Sequence[Exchange]) -> list[tuple[str | None, int | None]]:
    """(target, status) of each exchange, in the order of the requests."""
    ordered = sorted(found, key=lambda e: (e.request or e.response).start)  # type: ignore[union-attr]
    return [(e.request and e.request.target, e.response and e.response.status) for e in ordered]  # type: ignore[misc]


def test_a_request_is_paired_with_its_response() -> None:
    found = exchanges(conversation((UP, http_request(target="/a")), (DOWN, http_response(404))), close=False)
    assert pairs(found) == [("/a", 404)]
    assert found[0].direction == UP


def test_requests_may_come_from_either_side() -> None:
    found = exchanges(conversation((DOWN, http_request(target="/a")), (UP, http_response(200))))
    assert pairs(found) == [("/a", 200)]
    assert found[0].direction == DOWN


def test_pipelined_requests_are_paired_in_order() -> None:
    messages = [(UP, http_request(target=f"/{n}")) for n in range(5)]
    messages += [(DOWN, http_response(200 + n)) for n in range(4)]
    assert pairs(exchanges(conversation(*messages))) == [
        ("/0", 200), ("/1", 201), ("/2", 202), ("/3", 203), ("/4", None)
    ]  # fmt: skip


@settings(max_examples=examples(60), deadline=None, derandomize=True)
@given(st.lists(responses(), min_size=1, max_size=5), st.integers(1, 50), st.booleans())
def test_any_segmentation_gives_the_same_pairs(answers: list, most: int, pipelined: bool) -> None:
    asked = [(UP, http_request(target=f"/{n}")) for n in range(len(answers))]
    answered = [(DOWN, answer.data) for answer in answers]
    messages = (
        asked + answered if pipelined else [m for pair in zip(asked, answered, strict=True) for m in pair]
    )
    expected = [(f"/{n}", answer.status) for n, answer in enumerate(answers)]
    assert pairs(exchanges(conversation(*messages, most=most))) == expected


def test_the_answer_to_a_head_request_has_no_body() -> None:
    messages = [(UP, http_request("HEAD", "/h")), (DOWN, b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"),
                (UP, http_request(target="/n")), (DOWN, http_response(201))]  # fmt: skip
    assert pairs(exchanges(conversation(*messages))) == [("/h", 200), ("/n", 201)]


def test_a_continuation_is_not_the_answer() -> None:
    head, body = http_request("POST", "/p", body=b"data").split(b"\r\n\r\n")
    messages = [
        (UP, head + b"\r\n\r\n"),
        (DOWN, b"HTTP/1.1 100 Continue\r\n\r\n"),
        (UP, body),
        (DOWN, http_response(201)),
    ]
    assert pairs(exchanges(conversation(*messages))) == [("/p", 201)]


def test_interim_responses_come_with_the_final_one() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    messages = [(UP, http_request(target="/p")), (DOWN, b"HTTP/1.1 100 Continue\r\n\r\n" + early),
                (DOWN, http_response(201))]  # fmt: skip
    (found,) = exchanges(conversation(*messages))
    assert [message.status for message in found.interim] == [100, 103]
    assert found.response is not None
    assert found.response.status == 201


@pytest.mark.parametrize("side", [UP, DOWN])
def test_interim_responses_without_anything_else_are_kept(side: int) -> None:
    (found,) = exchanges(conversation((side, b"HTTP/1.1 100 Continue\r\n\r\n")))
    assert (found.request, found.response, found.direction) == (None, None, 1 - side)
    assert [message.status for message in found.interim] == [100]


def test_a_request_that_is_never_answered_is_kept() -> None:
    found = exchanges(conversation((UP, http_request(target="/a"))))
    assert pairs(found) == [("/a", None)]


# ── a request that is answered before it is whole ───────────────────────────

LONG = http_request("POST", "/long", body=b"x" * 5000)


def test_an_answer_before_the_end_of_the_request_belongs_to_it() -> None:
    messages = [(UP, LONG[:2000]), (DOWN, http_response(413, b"no")), (UP, LONG[2000:])]
    assert pairs(exchanges(conversation(*messages))) == [("/long", 413)]


def test_a_request_that_is_cut_and_answered_is_one_exchange() -> None:
    (found,) = exchanges(conversation((UP, LONG[:2000]), (DOWN, http_response(200))))
    assert found.request is not None
    assert found.response is not None
    assert (found.request.complete, found.response.status) == (False, 200)


def test_an_answer_that_ends_after_its_request_belongs_to_it() -> None:
    answer = http_response(413, b"n" * 50)
    messages = [(UP, LONG[:2000]), (DOWN, answer[:20]), (UP, LONG[2000:]), (DOWN, answer[20:])]
    assert pairs(exchanges(conversation(*messages), close=False)) == [("/long", 413)]


def test_only_one_answer_belongs_to_an_unfinished_request() -> None:
    messages = [(UP, LONG[:2000]), (DOWN, http_response(413)), (DOWN, http_response(500)), (UP, LONG[2000:])]
    found = exchanges(conversation(*messages))
    assert sorted(pairs(found), key=str) == [("/long", 413), (None, 500)]


def test_the_next_request_is_paired_after_an_early_answer() -> None:
    messages = [(UP, LONG[:2000]), (DOWN, http_response(413)), (UP, LONG[2000:]),
                (UP, http_request(target="/next")), (DOWN, http_response(204))]  # fmt: skip
    assert pairs(exchanges(conversation(*messages))) == [("/long", 413), ("/next", 204)]


# ── losses ──────────────────────────────────────────────────────────────────


def test_one_sided_captures_keep_every_message() -> None:
    asked = [(UP, http_request(target=f"/{n}")) for n in range(3)]
    assert pairs(exchanges(conversation(*asked))) == [("/0", None), ("/1", None), ("/2", None)]
    answered = [(DOWN, http_response(200 + n)) for n in range(3)]
    assert pairs(exchanges(conversation(*answered))) == [(None, 200), (None, 201), (None, 202)]


def test_a_lost_response_leaves_its_request_unanswered_and_the_others_paired() -> None:
    messages = [
        m for n in range(4) for m in ((UP, http_request(target=f"/{n}")), (DOWN, http_response(200 + n)))
    ]
    segments = conversation(*messages)
    del segments[3]  # the response to /1
    assert pairs(exchanges(segments)) == [("/0", 200), ("/1", None), ("/2", 202), ("/3", 203)]


def test_a_lost_piece_of_a_request_is_known_once_the_server_has_acknowledged_it() -> None:
    segments = conversation((UP, LONG), (DOWN, http_response(200)), most=1000)
    lost = segments.pop(2)
    flow, found = HttpFlow(0, 0), []
    for number, (side, offset, data) in enumerate(segments):
        if side == DOWN:
            found += flow.acknowledge(UP, 1 + len(LONG))
        found += flow.feed(side, 1 + offset, data, number + 1, number)
    ((request, response),) = [(e.request, e.response) for e in found]
    assert request is not None
    assert response is not None
    assert request.missing == [f"{len(lost.data):,} of 5,000 bytes of the body were not captured"]
    assert (flow.gaps, flow.gap_bytes) == (1, len(lost.data))


def test_gaps_are_counted() -> None:
    flow = HttpFlow(0, 0)
    list(flow.feed(UP, 1, b"GET / HTTP/1.1\r\n", 1, 0))
    list(flow.feed(UP, 101, b"more", 2, 0))
    list(flow.close())
    assert (flow.gaps, flow.gap_bytes) == (1, 84)


@pytest.mark.parametrize("data", [b"\0" * 40, b"SSH-2.0-x\r\n", b"* OK IMAP\r\n"])
def test_a_flow_that_is_not_http_is_given_up(data: bytes) -> None:
    flow = HttpFlow(0, 0)
    assert list(flow.feed(UP, 1, data, 1, 0)) == []
    assert flow.gave_up()


@settings(max_examples=examples(150), deadline=None, derandomize=True)
@given(st.lists(st.booleans(), min_size=12, max_size=12), st.integers(20, 400))
def test_any_losses_invent_no_message(kept: list[bool], most: int) -> None:
    messages = [m for n in range(4) for m in ((UP, http_request("POST", f"/{n}", body=b"b" * 90)),
                                              (DOWN, http_response(200 + n, b"c" * 90)))]  # fmt: skip
    segments = [s for s, keep in zip(conversation(*messages, most=most), kept * 99, strict=False) if keep]
    found = [e for e in exchanges(segments) if not is_unclassified(e)]
    asked = [e.request.target for e in found if e.request]
    answered = [e.response.status for e in found if e.response]
    assert len(asked) == len(set(asked))
    assert len(answered) == len(set(answered))
    assert {t for t in asked if t} <= {f"/{n}" for n in range(4)}
    assert set(answered) <= {200, 201, 202, 203}
