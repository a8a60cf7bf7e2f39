"""Each check finds its fault, and lets honest wording pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.checks import check_claim, check_sentence
from foreplan.memory.digest import Claim, Derivation
from foreplan.memory.evidence import EvidenceRef
from foreplan.memory.text.sentences import sentences

TEXT = (
    "The Arden Bridge in Norwick was not opened before 3 May 1932. "
    "It cost 3.5 million dollars and is 1,410 metres long. "
    "The engineer Ilse Brandt said “it will stand for a century”. It is open every day except Monday. "
    "At most 40 ships pass daily, says https://ships.example/log. "
    "A third of them (33%) carry coal. Opened in the 1930s."
)


@pytest.fixture
def store():
    artifacts = MemoryArtifacts()
    artifacts.put(TEXT, title="Arden Bridge")
    return artifacts


def claim(text, place, **fields):
    sha256 = MemoryArtifacts().put(TEXT)
    span = sentences(TEXT)[place]
    return Claim(text=text, evidence=(EvidenceRef(artifact=sha256, start=span.start, end=span.end),), **fields)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("The Arden Bridge was not opened before May 3, 1932.", 0),
        ("The Arden Bridge wasn't opened before 1932.", 0),
        ("The Arden Bridge cost $3.5 million.", 1),
        ("It cost $3,500,000 and is 1410 m long.", 1),
        ("Ilse Brandt said “it will stand for a century.”", 2),
        ("It is open daily, except on Monday.", 3),
        ("Up to 40 ships pass daily (http://ships.example/log/).", 4),
        ("33 percent of them carry coal.", 5),
    ],
)
def test_honest_wording_passes(store, text, place):
    assert check_claim(claim(text, place), store) == ()


@pytest.mark.parametrize(
    ("text", "place", "check"),
    [
        ("The Arden Bridge was opened before 1932.", 0, "limit"),
        ("The Arden Bridge was not opened before 4 May 1932.", 0, "date"),
        ("The Arden Bridge was not opened before 1933.", 0, "number"),
        ("It cost 3.5 million euros.", 1, "number"),
        ("It cost 3.5 dollars.", 1, "number"),
        ("It is 1,410 feet long.", 1, "number"),
        ("It never cost 3.5 million dollars.", 1, "limit"),
        ("Ilse Brandt said “it will last for a century”.", 2, "quote"),
        ("Otto Brandt said “it will stand for a century”.", 2, "support"),
        ("It is open every day.", 3, "limit"),
        ("40 ships pass daily.", 4, "limit"),
        ("At least 40 ships pass daily.", 4, "limit"),
        ("At most 40 ships pass daily, says https://ships.example/other.", 4, "url"),
        ("33 of them carry coal.", 5, "number"),
        ("3 of them were opened before 1932.", 0, "number"),
        ("The Arden Bridge was opened in 1930.", 6, "number"),
        ("Ships pay a toll to the town.", 1, "support"),
    ],
)
def test_each_falsehood_is_found(store, text, place, check):
    assert check in {failing.check for failing in check_claim(claim(text, place), store)}


def test_value_and_unit_stand_in_the_span(store):
    text = "It is 1,410 metres long."
    assert check_claim(claim(text, 1, value="1410", unit="m"), store) == ()
    assert check_claim(claim(text, 1, value="1.41k", unit="metres"), store) == ()
    for value, unit in (("1411", "m"), ("1410", "feet"), ("1410", "sheep"), ("Norwick", None)):
        assert [f.check for f in check_claim(claim(text, 1, value=value, unit=unit), store)] == ["value"]


def test_a_claim_needs_evidence_that_can_be_read(store):
    for evidence in ((), (EvidenceRef(artifact="0" * 64, start=0, end=5),)):
        failing = check_claim(Claim(text="It is long.", evidence=evidence), store)
        assert [each.check for each in failing] == ["evidence"]
    beyond = claim("It is long.", 0).evidence[0].model_copy(update={"end": 10_000})
    assert check_claim(Claim(text="It is long.", evidence=(beyond,)), store)[0].check == "evidence"


def test_a_quote_stands_in_its_span_byte_for_byte(store):
    words = "It cost 3.5 million dollars"
    assert check_claim(claim(words, 1, kind="quote"), store) == ()
    assert check_claim(claim(words.upper(), 1, kind="quote"), store)[0].check == "quote"


def derived(expression, value, text="The sum is {}.", **inputs):
    derivation = Derivation(expression=expression, inputs=inputs)
    return Claim(text=text.format(value), kind="derived", value=value, derivation=derivation)


def test_derived_claims_are_computed_again(store):
    cost, length = claim("It cost $3.5 million.", 1, value="3.5 million"), claim("It is 1,410 m long.", 1)
    known = {each.id: each for each in (cost, length)}
    inputs = {"cost": cost.id, "metres": length.id}
    assert check_claim(derived("cost / metres", "2482.27", **inputs), store, known=known) == ()
    assert check_claim(derived("cost > metres", "true", "It cost more: {}.", **inputs), store, known=known) == ()
    for wrong in (
        derived("cost / metres", "2482.28", **inputs),
        derived("cost / 0", "1", **inputs),
        derived("cost / metres", "2482.27", "Of 99 parts it is {}.", **inputs),
        derived("x + 1", "2", x="unknown"),
        derived("cost > metres", "false", "It cost more: {}.", **inputs),
        Claim(text="It is 5.", kind="derived", value="5"),
    ):
        assert next(failing.check for failing in check_claim(wrong, store, known=known)) == "derived"


def test_a_reports_sentence_is_held_against_all_its_spans():
    spans = ["It cost 3.5 million dollars.", "It was opened on 3 May 1932."]
    assert check_sentence("Opened in May 1932, it had cost $3,500,000.", spans) == ()
    assert [f.check for f in check_sentence("Opened in June 1932 for $4 million.", spans)] == ["number", "date"]
    assert check_sentence("Nothing in it can be checked.", []) == ()
    assert check_sentence("It cost 5.", []) != ()


@given(st.text(max_size=300), st.lists(st.text(max_size=200), max_size=3))
def test_any_text_is_checked(sentence, spans):
    check_sentence(sentence, spans)
    assert check_sentence(sentence, [sentence]) == ()
