# ruff: noqa: RUF001 - look-alike punctuation is what is tested
"""Names, links, quotations, limits, words and sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.text.entities import entities
from foreplan.memory.text.limits import limits
from foreplan.memory.text.links import urls
from foreplan.memory.text.locate import locate
from foreplan.memory.text.overlap import Overlap
from foreplan.memory.text.quotations import quotations
from foreplan.memory.text.size import observed_counter, upper_bound_tokens
from foreplan.memory.text.words import terms, words


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The Bank of England and Ilse van der Berg met in Bonn.", ["Bank of England", "Ilse van der Berg", "Bonn"]),
        ("Who was J. D. Drew?", ["J. D. Drew"]),
        ("Dogs bark. The dogs of Rome do.", ["Rome"]),
        ("On Monday in May one Tower fell.", ["Tower"]),
        ("", []),
    ],
)
def test_entities(text, names):
    assert [entity.name for entity in entities(text)] == names
    assert all(entity.span.of(text) == entity.name for entity in entities(text))


def test_urls_lose_the_punctuation_around_them():
    found = urls("See (http://a.org/x_(y)), www.b.org/z. And <https://C.org/>!")
    assert [link.url for link in found] == ["http://a.org/x_(y)", "www.b.org/z", "https://C.org/"]
    assert urls("https://WWW.a.org/B/")[0].key == urls("http://a.org/B")[0].key != urls("http://a.org/b")[0].key


def test_quotations_of_every_kind_and_unclosed_marks():
    text = "“one” \"two\" «three» ``four'' 「five」 „six“ “never\n\nclosed"
    assert [quotation.text for quotation in quotations(text)] == ["one", "two", "three", "four", "five", "six"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("It was not opened.", ["not"]),
        ("It wasn't open and never will be.", ["not", "not"]),
        ("No more than five came.", ["at most"]),
        ("5 tonnes or more", ["at least"]),
        ("It went over the hill, up to him.", []),
        ("over 5 km", ["at least"]),
        ("every day except Monday", ["except"]),
        ("No. 5 is not only big", []),
        ("only men", ["only"]),
    ],
)
def test_limits(text, kinds):
    assert [limit.kind for limit in limits(text)] == kinds


def test_words_fold_accents_forms_and_scripts_without_spaces():
    assert words("GÖTTINGEN’s ﬁrst") == ["gottingen", "first"]
    assert words("日本語 abc") == ["日本", "本語", "abc"]
    assert terms("The bridges were publishing") == ["bridg", "publish"]


def place(quote, text):
    span = locate(quote, text)
    return span and span.of(text)


def test_locate_finds_exact_rewritten_and_near_quotes_but_no_changed_number():
    text = "He said: “The bridge — opened in 1932 —\n was the largest bridge of its kind.” It cost 5 million."
    assert place("It cost 5 million.", text) == "It cost 5 million."
    assert place('"the bridge - opened in 1932 - was', text) == "“The bridge — opened in 1932 —\n was"
    assert place("was the largest bridges of its kind", text) == "was the largest bridge of its kind."
    assert locate("The bridge — opened in 1933 —\n was the largest bridge of its kind", text) is None
    assert locate("nothing of the sort is said anywhere", text) is None
    assert locate("", text) is None


@given(st.text(max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_locate_finds_every_part_of_a_text(text, start, length):
    part = text[start : start + length].strip()
    assert place(part, text) == (part or None)


@given(st.text(max_size=50), st.text(max_size=50))
def test_sizes_bound_bytes_and_never_shrink(left, right):
    assert upper_bound_tokens(left + right) >= max(upper_bound_tokens(left), upper_bound_tokens(right))
    assert observed_counter(0.3)(left) <= upper_bound_tokens(left)
    assert len(left.encode("utf-8", "surrogatepass")) <= upper_bound_tokens(left)


def test_overlap_weighs_rare_words_more():
    overlap = Overlap(["the common bridge", "a common tower", "one common gate"])
    assert overlap.share(frozenset(terms("common bridge")), 0) == pytest.approx(1)
    assert 0 < overlap.share(frozenset(terms("common bridge")), 1) < 0.5
    assert overlap.share(frozenset(), 0) == 0
