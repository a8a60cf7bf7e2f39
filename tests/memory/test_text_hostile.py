"""Hostile text costs time in proportion to its length and breaks nothing."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.memory.text.dates import dates
from foreplan.memory.text.entities import entities
from foreplan.memory.text.limits import limits
from foreplan.memory.text.links import urls
from foreplan.memory.text.locate import locate
from foreplan.memory.text.numbers import codes, numbers
from foreplan.memory.text.quotations import quotations
from foreplan.memory.text.sentences import sentences
from foreplan.memory.text.words import terms

FINDERS = [sentences, numbers, codes, dates, urls, quotations, entities, limits, terms]
UNITS = [
    "1", "1,", "1.", "1/2", "1'", "½", "1 ", "2021-05-", "1e", "x 10^", "1 to ", "one ", "one hundred ", "“", '"',
    '" "', "``",
    " ", "\n", ".", "A. ", "Aa ", "Mr. ", "http://", "www.a)))", "not ", "n't", "no more ", "May 1 ", "漢字",
    "a\u0301", "\ud800 ", "\x00", "$", "(", "- ",
]  # fmt: skip


@pytest.mark.parametrize("finder", FINDERS, ids=lambda finder: finder.__name__)
def test_eight_times_the_text_takes_about_eight_times_as_long(finder):
    for unit in UNITS:
        short, long = (unit * (size // len(unit)) for size in (4_000, 32_000))
        fast = min(_seconds(finder, short) for _ in range(2))
        slow = min(_seconds(finder, long) for _ in range(3))
        assert slow < 0.05 or slow < 30 * max(fast, 1e-4), (unit, fast, slow)


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_any_text_is_read(text):
    for finder in FINDERS:
        finder(text)
    locate(text[:50], text[::-1])


def test_locate_stays_bounded_on_large_texts():
    began = time.process_time()
    assert locate("zq " * 600, "a b " * 500_000) is None
    assert time.process_time() - began < 5


def _seconds(finder, text):
    began = time.process_time()
    finder(text)
    return time.process_time() - began
