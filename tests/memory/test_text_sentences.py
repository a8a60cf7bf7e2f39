"""Sentences keep their exact places, cover the text, and are cut where a reader would cut them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.text.sentences import MAX_SENTENCE_CHARS, paragraphs, sentences


def cut(text):
    return [span.of(text) for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. J. D. Drew came. He left!", ["Dr. J. D. Drew came.", "He left!"]),
        ("It is 3.5 m long. See No. 5, e.g. there.", ["It is 3.5 m long.", "See No. 5, e.g. there."]),
        ("I said no. He left.", ["I said no.", "He left."]),
        ("He moved to the U.S. The rest stayed.", ["He moved to the U.S.", "The rest stayed."]),
        ("He saw the U.S. Senate. Twice.", ["He saw the U.S. Senate.", "Twice."]),
        ("Louis (c. 966) reigned. Then?", ["Louis (c. 966) reigned.", "Then?"]),
        ("“Go.” She went.", ["“Go.”", "She went."]),
        ("これは文です。次の文。", ["これは文です。", "次の文。"]),
        ("यह एक है। वह दो है।", ["यह एक है।", "वह दो है।"]),
        ("1. First item\n2. Second one\n- third", ["1. First item", "2. Second one", "- third"]),
        ("# Heading\nBody text here.", ["# Heading", "Body text here."]),
        ("Title\n\nBody", ["Title", "Body"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_cuts_where_a_reader_would(text, expected):
    assert cut(text) == expected


def test_wrapped_lines_are_one_sentence_and_short_lines_are_not():
    wrapped = (
        "The bridge over the river was built in the year nineteen hundred and\nthree by two brothers from Norwick."
    )
    assert cut(wrapped) == [wrapped]
    verse = "Roses are red\nViolets are blue\nand this is a line that is a good deal longer than the others"
    assert len(cut(verse)) == 3


def test_text_without_stops_is_cut_to_a_bounded_length():
    pieces = cut("word " * 1_000)
    assert all(0 < len(piece) <= MAX_SENTENCE_CHARS for piece in pieces)
    assert " ".join(pieces).split() == ["word"] * 1_000
    assert max(map(len, cut("x" * 5_000))) <= MAX_SENTENCE_CHARS


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400) | st.text("aB. \n\t!?。“”1-", max_size=400))
def test_sentences_and_paragraphs_lose_nothing_but_white_space(text):
    for spans in (sentences(text), paragraphs(text)):
        ends = [0, *(place for span in spans for place in span), len(text)]
        assert ends == sorted(ends)
        assert all(span.of(text).strip() == span.of(text) != "" for span in spans)
        between = "".join(text[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True))
        assert not between.strip()
