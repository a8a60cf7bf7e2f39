from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from foreplan.agents.select.base import Attempts
from foreplan.agents.select.best import Best
from foreplan.agents.select.first import First
from foreplan.agents.select.fuse import Fuse
from foreplan.agents.select.judge import judge_with
from foreplan.agents.select.support import supported_share
from foreplan.agents.select.vote import Vote
from foreplan.core.ledger import free_account
from foreplan.core.statistics import majority_certainty, worth_another_sample
from foreplan.core.testing.models import scripted
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.evidence import EvidenceRef


def says(value: str, state: str = "done", confidence: float = 0.9) -> Digest:
    ref = EvidenceRef(artifact="0" * 64, start=0, end=len(value))
    claim = Claim(text=f"It is {value}.", value=value, evidence=(ref,), confidence=confidence)
    return Digest.model_validate({"subtask": "s", "state": state, "claims": (claim,)})


class Script:
    """Attempts that come out as scripted; an exception among them is raised."""

    def __init__(self, *outcomes: Digest | Exception) -> None:
        self.outcomes = outcomes
        self.drawn: list[int] = []

    async def __call__(self, attempt: int) -> Digest:
        self.drawn.append(attempt)
        outcome = self.outcomes[attempt]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def attempts(self) -> Attempts:
        return Attempts(self, len(self.outcomes))


async def test_first_stops_at_the_first_digest_that_is_done():
    script = Script(ValueError("no"), says("1", "capped"), says("2"), says("3"))
    assert (await First().select(script.attempts)).claims[0].value == "2"
    assert script.drawn == [0, 1, 2]


async def test_first_keeps_the_fullest_when_none_is_done():
    assert (await First().select(Script(says("1", "capped"), ValueError("no")).attempts)).claims[0].value == "1"


@pytest.mark.parametrize("selector", [First(), Vote(), Best(supported_share, "g"), Fuse()])
async def test_when_every_attempt_raises_the_last_error_is_raised(selector):
    with pytest.raises(ValueError, match="last"):
        await selector.select(Script(ValueError("first"), ValueError("last")).attempts)


async def test_vote_stops_when_the_majority_is_certain():
    script = Script(*[says("7")] * 16)
    assert (await Vote().select(script.attempts)).claims[0].value == "7"
    assert len(script.drawn) == 4


async def test_vote_goes_on_while_it_is_close_and_keeps_the_majority():
    script = Script(says("7"), says("8"), says("7"), says("8"), says("7"), says("7"))
    assert (await Vote().select(script.attempts)).claims[0].value == "7"
    assert len(script.drawn) == 6


async def test_best_keeps_the_highest_score_and_stops_at_a_good_one():
    script = Script(says("1", confidence=0.2), says("2", confidence=0.95), says("3", confidence=0.99))
    assert (await Best(supported_share, "g").select(script.attempts)).claims[0].value == "2"
    assert script.drawn == [0, 1]


async def test_best_stops_when_another_attempt_is_not_worth_its_price():
    script = Script(*[says(str(n), confidence=0.1 + n / 100) for n in range(16)])
    kept = await Best(supported_share, "g").select(script.attempts)
    assert (kept.claims[0].value, len(script.drawn)) == ("5", 6)


async def test_fuse_keeps_what_all_found():
    fused = await Fuse().select(Script(says("1"), says("2", "capped"), ValueError("no")).attempts)
    assert {claim.value for claim in fused.claims} == {"1", "2"}
    assert fused.state == "done"


@pytest.mark.parametrize(
    ("reply", "score"),
    [('{"score": 0.7}', 0.7), ('{"score": 7}', 0.0), ('{"score": NaN}', 0.0), ("words", 0.0), ('{"score": "x"}', 0.0)],
)
async def test_a_judge_that_cannot_be_read_vouches_for_nothing(reply, score):
    verify = judge_with(scripted(reply), free_account())
    assert await verify("goal", says("1")) == score


@given(st.integers(0, 60), st.integers(0, 60))
def test_certainty_of_a_majority_is_the_incomplete_beta_function(first, second):
    assert majority_certainty(first, second) == pytest.approx(1 - special.betainc(first + 1, second + 1, 0.5))


@given(st.floats(0.1, 100), st.floats(0.1, 10))
def test_sampling_stops_where_the_posterior_says(value, price):
    last = max((j for j in range(2_000) if worth_another_sample(j, value, price)), default=-1)
    assert value / (2 + last + 1) <= price
