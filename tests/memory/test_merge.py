"""Merging loses no evidence, question or failure, and says nothing twice."""

from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.digest import Claim, Digest
from foreplan.memory.evidence import EvidenceRef
from foreplan.memory.merge import merge

REFS = st.builds(
    lambda digit, start: EvidenceRef(artifact=digit * 64, start=start, end=start + 9),
    st.sampled_from("abc"),
    st.integers(0, 3),
)
CLAIMS = st.builds(
    lambda text, refs, value, confidence: Claim(text=text, evidence=tuple(refs), value=value, confidence=confidence),
    st.sampled_from(["x", "y"]), st.lists(REFS, max_size=2), st.sampled_from([None, "1", "2"]), st.floats(0, 1),
)  # fmt: skip
TEXTS = st.lists(st.text(max_size=3), max_size=3)
DIGESTS = st.lists(
    st.builds(
        lambda claims, open_questions, failures: Digest(
            subtask="s", claims=tuple(claims), open_questions=tuple(open_questions), failures=tuple(failures)
        ),
        st.lists(CLAIMS, max_size=5), TEXTS, TEXTS,
    ),
    max_size=4,
)  # fmt: skip


def evidence(digests):
    return {str(ref) for digest in digests for claim in digest.claims for ref in claim.evidence}


@given(DIGESTS)
def test_merge_is_lossless_and_says_nothing_twice(digests):
    merged = merge(digests, subtask="all", state="partial")
    assert evidence([merged]) == evidence(digests)
    assert {claim.id for claim in merged.claims} == {claim.id for digest in digests for claim in digest.claims}
    assert {(c.id, c.value) for c in merged.claims} == {(c.id, c.value) for d in digests for c in d.claims}
    assert len({(claim.id, claim.value) for claim in merged.claims}) == len(merged.claims)
    assert set(merged.open_questions) == {question for digest in digests for question in digest.open_questions}
    assert set(merged.failures) == {failure for digest in digests for failure in digest.failures}
    assert (merged.subtask, merged.state) == ("all", "partial")
    assert merge([merged, merged], subtask="all", state="partial") == merged


def test_the_better_borne_out_of_two_equal_claims_is_kept():
    weak, strong = Claim(text="x", confidence=0.2), Claim(text="x", confidence=0.9)
    merged = merge([Digest(subtask="a", claims=(weak,)), Digest(subtask="b", claims=(strong,))], subtask="c")
    assert merged.claims == (strong,)
