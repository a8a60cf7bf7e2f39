"""Packing: never over budget, deterministic, nothing reworded, what is left out is listed."""

from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.digest import Claim, Digest
from foreplan.memory.pack import pack
from foreplan.memory.text.size import upper_bound_tokens

WORDS = st.sampled_from(
    ["bridge", "tower", "river", "cost", "metres", "opened", "Arden", "Norwick", "1932", "40", "of", "the", "not"]
)
CLAIMS = st.builds(
    lambda words, confidence, supported: Claim(text=" ".join(words), confidence=confidence, supported=supported),
    st.lists(WORDS, min_size=1, max_size=20), st.floats(0, 1), st.booleans(),
)  # fmt: skip
TEXTS = st.lists(st.text(max_size=20), max_size=2)
DIGESTS = st.lists(
    st.builds(
        lambda number, claims, open_questions, failures: Digest(
            subtask=f"s{number}", claims=tuple(claims), open_questions=tuple(open_questions), failures=tuple(failures)
        ),
        st.integers(0, 99), st.lists(CLAIMS, max_size=6), TEXTS, TEXTS,
    ),
    max_size=4,
)  # fmt: skip


def word_pairs(text):
    """A tokenizer that merges: pieces may count for more alone than together."""
    return (len(text.split()) + 1) // 2 + text.count("\n")


@given(DIGESTS, st.text(max_size=60), st.integers(0, 1_500), st.sampled_from([upper_bound_tokens, word_pairs]))
def test_never_over_budget_and_nothing_is_lost_or_reworded(digests, goal, cap, counter):
    packed = pack(digests, goal=goal, cap_tokens=cap, counter=counter)
    assert counter(packed.render()) == packed.tokens <= cap
    before = {claim.id for digest in digests for claim in digest.claims}
    after = {claim.id for digest in packed.digests for claim in digest.claims}
    assert after <= before
    assert set(packed.left_out) | after == before
    assert packed == pack(digests, goal=goal, cap_tokens=cap, counter=counter)


def digest(subtask, *texts, **fields):
    return Digest(subtask=subtask, claims=tuple(Claim(text=text, confidence=0.5) for text in texts), **fields)


def test_what_the_goal_asks_for_comes_first():
    filler = [f"The market on square number {number} sells fresh fish and old books." for number in range(20)]
    given_digests = [digest("a", *filler, "The Arden Bridge was opened in 1932 after nine long years of work.")]
    packed = pack(given_digests, goal="When was the Arden Bridge opened?", cap_tokens=200)
    assert "1932" in packed.render()
    assert len(packed.left_out) > 10


def test_confident_and_supported_claims_go_before_others():
    claims = (
        Claim(text="The bridge is nine metres long.", confidence=0.9, supported=False),
        Claim(text="The bridge is four metres long.", confidence=0.1),
        Claim(text="The bridge is five metres long.", confidence=0.9),
    )
    packed = pack([Digest(subtask="a", claims=claims)], goal="How long is the bridge?", cap_tokens=75)
    assert [claim.text for digest in packed.digests for claim in digest.claims] == [claims[2].text]


def test_each_open_question_is_covered_before_more_is_said_about_the_goal():
    about_goal = [f"The Arden Bridge spans the river with arch number {number}." for number in range(20)]
    answer = "Ilse Brandt, who came from a family of engineers in the far north, designed the whole of it."
    given_digests = [digest("a", *about_goal), digest("b", answer)]
    question = "Which engineers designed it?"
    without = pack(given_digests, goal="Describe the arches of the Arden Bridge.", cap_tokens=300)
    covered = pack(
        given_digests, goal="Describe the arches of the Arden Bridge.", cap_tokens=300, open_questions=[question]
    )
    assert answer not in without.render()
    assert answer in covered.render()


def test_what_fits_is_handed_on_whole():
    given_digests = (digest("a", "One."), digest("b", failures=("tool down",), state="failed"))
    packed = pack(given_digests, goal="x", cap_tokens=500)
    assert packed.digests == given_digests
    assert packed.left_out == ()
    assert packed.note == ""
