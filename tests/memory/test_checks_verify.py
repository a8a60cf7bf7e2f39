"""Verifying a digest: what fails is repaired once or dropped, and every claim that comes out passes its checks."""

from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.checks import check_claim, verify
from foreplan.memory.digest import Claim, Derivation, Digest
from foreplan.memory.evidence import EvidenceRef
from foreplan.memory.text.sentences import sentences

TEXT = (
    "The Arden Bridge is 410 metres long. It cost 3.5 million dollars in 1932. "
    "It was not built by Otto Hahn. At most 40 ships pass daily."
)
SPANS = sentences(TEXT)


def setup(*texts_and_places):
    artifacts = MemoryArtifacts()
    sha256 = artifacts.put(TEXT, title="Arden Bridge")
    refs = [EvidenceRef(artifact=sha256, start=span.start, end=span.end) for span in SPANS]
    claims = tuple(Claim(text=text, evidence=(refs[place],), confidence=0.8) for text, place in texts_and_places)
    return artifacts, Digest(subtask="s", claims=claims)


def test_a_better_span_of_the_same_artifact_is_found():
    artifacts, digest = setup(("The Arden Bridge is 410 m long.", 3))
    verified = verify(digest, artifacts)
    (claim,) = verified.digest.claims
    assert (verified.kept, verified.repaired, verified.dropped) == (0, 1, 0)
    assert claim.text == digest.claims[0].text
    assert artifacts.span(claim.evidence[0]) == SPANS[0].of(TEXT)


def test_a_false_claim_gives_way_to_what_its_evidence_says():
    artifacts, digest = setup(("The bridge was built by Otto Hahn.", 2))
    (claim,) = verify(digest, artifacts).digest.claims
    assert claim.kind == "quote"
    assert claim.text == "It was not built by Otto Hahn."


def test_what_cannot_be_repaired_is_dropped_and_its_reason_kept():
    artifacts, digest = setup(("Elephants swim well.", 0), ("The Arden Bridge is 410 m long.", 0))
    verified = verify(digest, artifacts)
    assert [claim.text for claim in verified.digest.claims] == ["The Arden Bridge is 410 m long."]
    assert (verified.kept, verified.repaired, verified.dropped) == (1, 0, 1)
    assert verified.reasons[0][0].text == "Elephants swim well."
    assert verify(digest, artifacts, None).dropped == 1


def test_a_repair_that_fails_the_checks_itself_does_not_count():
    artifacts, digest = setup(("It cost 9 dollars.", 1))
    verified = verify(digest, artifacts, lambda claim, store: claim)
    assert verified.digest.claims == ()


def test_derived_claims_follow_their_inputs_to_new_ids_and_fall_with_them():
    artifacts, digest = setup(("The Arden Bridge is 410 m long.", 3), ("Elephants swim 5 km.", 0))
    length, lie = digest.claims
    twice = Claim(
        text="Twice that is 820.", kind="derived", value="820",
        derivation=Derivation(expression="2 * x", inputs={"x": length.id}),
    )  # fmt: skip
    fallen = twice.model_copy(update={"derivation": Derivation(expression="2 * x", inputs={"x": lie.id})})
    verified = verify(digest.model_copy(update={"claims": (twice, fallen, lie, length)}), artifacts)
    kept, moved = verified.digest.claims
    assert moved.text == length.text
    assert moved.id != length.id
    assert kept.derivation == Derivation(expression="2 * x", inputs={"x": moved.id})
    assert verified.dropped == 2


@given(
    st.lists(
        st.tuples(st.text(max_size=80) | st.sampled_from([s.of(TEXT) for s in SPANS]), st.integers(0, 3)), max_size=6
    )
)
def test_whatever_goes_in_only_supported_claims_come_out(said):
    artifacts, digest = setup(*said)
    verified = verify(digest, artifacts)
    assert all(check_claim(claim, artifacts) == () for claim in verified.digest.claims)
    assert verified.kept + verified.repaired + verified.dropped == len(digest.claims)
