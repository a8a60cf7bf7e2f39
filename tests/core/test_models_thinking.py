from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.models.thinking import ThinkSplitter, Told, split_thinking

words = st.text(alphabet=st.sampled_from(list("<>/think ab\n")), max_size=40)


def in_pieces(text: str, cuts: list[int]) -> Told:
    splitter, told, start = ThinkSplitter(), Told(), 0
    for cut in [*sorted(cut % (len(text) + 1) for cut in cuts), len(text)]:
        piece = splitter.feed(text[start:cut])
        told, start = Told(told.text + piece.text, told.reasoning + piece.reasoning), cut
    last = splitter.close()
    return Told(told.text + last.text, told.reasoning + last.reasoning)


@given(words, words, st.lists(st.integers(0, 200), max_size=20))
def test_thinking_is_told_apart_however_the_text_is_cut(thought, text, cuts):
    for whole in (f"<think>{thought}</think>{text}", f" \n<think>{thought}", text):
        assert in_pieces(whole, cuts) == split_thinking(whole)


@given(words.filter(lambda each: "</think>" not in each), words)
def test_nothing_is_lost_or_doubled(thought, text):
    assert split_thinking(f"<think>{thought}</think>{text}") == Told(text.lstrip(), thought)
    assert split_thinking(f"<think>{thought}").reasoning == thought


def test_only_thinking_at_the_beginning_counts():
    assert split_thinking("see <think>x</think>") == Told("see <think>x</think>", "")
    assert split_thinking("<thin") == Told("<thin", "")
    assert split_thinking("") == Told()
    assert split_thinking(" " * 300 + "<think>x</think>y").reasoning == ""


def test_a_hostile_stream_of_blanks_takes_linear_time():
    splitter, started = ThinkSplitter(), time.process_time()
    size = sum(len(splitter.feed(" ").text) for _ in range(200_000)) + len(splitter.close().text)
    assert size == 200_000
    assert time.process_time() - started < 5
