"""Personal data goes out of a text, ordinary numbers and dates stay, and no text takes long."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.personal import without_personal
from foreplan.memory.redact import Redactor


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write to ann.o'neil+x@mail.example.co.uk.", "write to [email]."),
        ("<müller@bücher.example>", "<[email]>"),
        ("IBAN DE89 3704 0044 0532 0130 00, please", "IBAN [iban], please"),
        ("GB82WEST12345698765432", "[iban]"),
        ("card 4111 1111 1111 1111!", "card [card]!"),
        ("5500-0000-0000-0004 and 378282246310005", "[card] and [card]"),
        ("from 192.168.0.1 and 10.0.0.1:8080", "from [ip] and [ip]:8080"),
        ("at 2001:db8::ff00:42:8329 or fe80::1", "at [ip] or [ip]"),
        ("call +49 30 1234567 or +1 (415) 555-2671", "call [phone] or [phone]"),
        ("(555) 123-4567, 555-123-4567, 020 7946 0958", "[phone], [phone], [phone]"),
    ],
)
def test_personal_data_goes(text: str, left: str) -> None:
    assert without_personal(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-11-20 at 12:30:45, 01.02.1990",
        "20261120-211305-heron-k7qd spent 1,234,567 tokens and 0.123456789 dollars",
        "4111 1111 1111 1112 fails its check, as DE88370400440532013000 does",
        "std::vector, 999.1.1.1, version 1.2.3.4.5, ::",
        "a@b, user@host, 1990-2000, 1700000000",
        '{"tokens_p50": 1200, "budget": 100000000}',
        "deadbeefdeadbeefdeadbeefdeadbeef 0123456789abcdef",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert without_personal(text) == text


def test_a_redactor_takes_personal_data_only_when_asked() -> None:
    text = "sk-abcdefghijklmnop of bob@example.com"
    assert Redactor().text(text) == "[redacted] of bob@example.com"
    assert Redactor(personal=True).text(text) == "[redacted] of [email]"
    assert Redactor(personal=True).data({"to": ["bob@example.com", 3]}) == {"to": ["[email]", 3]}


@given(st.text(st.sampled_from("a1 .@:+-()/0DE89\u00e9\ud800[]"), max_size=200))
def test_what_is_left_is_left_by_a_second_pass(text: str) -> None:
    once = without_personal(text)
    assert without_personal(once).count("[") >= once.count("[")
    assert json.dumps(once)


@pytest.mark.parametrize(
    "piece", ["1", "a@", "+1 ", "1 ", "a.", "1:", "AB12 ", "4111 ", "0171-", "1.2.3.", "a@b-", "(555) ", "x" * 64 + "@"]
)
def test_time_is_linear(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        began = time.process_time()
        without_personal(text)
        return time.process_time() - began

    seconds(1_000)
    assert seconds(800_000) < 3.0
