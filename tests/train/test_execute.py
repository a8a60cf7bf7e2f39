"""Executors: what comes of plans is data, identical plans run once, and an endpoint that is gone is told apart."""

import pytest
from support.training import MARKET, problem_with, rollout_of

from foreplan.agents.context import Context
from foreplan.core.errors import ModelError
from foreplan.core.models.roles import Models
from foreplan.evals.worlds.base import HELD_OUT
from foreplan.evals.worlds.fanout.world import Fanout
from foreplan.memory.digest import Digest
from foreplan.train.curriculum import WorldCurriculum
from foreplan.train.execute.graph import GraphExecutor
from foreplan.train.execute.market import MarketExecutor
from foreplan.train.reward.base import expected_of, total
from foreplan.train.reward.compose import RewardConfig, compose
from foreplan.train.rollout import Episode, Expected

PROBLEM = problem_with(4, 5, 3)
BEST = MARKET.best_plan(PROBLEM)


def test_equal_seeds_give_equal_episodes_and_plans_with_faults_are_no_plans():
    twice = BEST.model_copy(update={"subtasks": (*BEST.subtasks, BEST.subtasks[0])})
    rollouts = [rollout_of(PROBLEM, BEST), rollout_of(PROBLEM, twice)]
    episodes = MarketExecutor().execute(PROBLEM, rollouts, seed=3)
    assert episodes == MarketExecutor().execute(PROBLEM, rollouts, seed=3)
    assert episodes[0].rollout.plan is not None
    assert episodes[1].rollout.plan is None
    assert not episodes[1].outcomes


def test_a_share_of_the_problems_is_audited_and_the_rest_is_played():
    executor = MarketExecutor(audit_share=0.3, executions=2)
    episodes = [executor.execute(PROBLEM, [rollout_of(PROBLEM, BEST)], seed=seed)[0] for seed in range(200)]
    audited = [each for each in episodes if each.audits]
    assert 40 < len(audited) < 80
    assert all(len(each.outcomes) == 2 and each.audit_share == 0.3 for each in episodes)
    assert all((each.expected is None) == (not each.audits) for each in episodes)


def test_what_is_played_and_what_is_kept_agree_on_average():
    kept = expected_of(MarketExecutor().execute(PROBLEM, [rollout_of(PROBLEM, BEST)], seed=0)[0])
    played = expected_of(
        MarketExecutor(audit_share=1e-9, executions=3_000).execute(PROBLEM, [rollout_of(PROBLEM, BEST)], seed=0)[0]
    )
    assert played.reward == pytest.approx(MARKET.expected(PROBLEM, BEST).success, abs=0.15)
    assert sum(kept.dollars.values()) == pytest.approx(sum(played.dollars.values()), rel=0.25)
    assert kept.tokens.keys() == played.tokens.keys()


# --- the real graph --------------------------------------------------------------------------------------------------

WORLD = Fanout()
ASKED = WORLD.problem(1, direct=0, unsolvable=0)


class Gone:
    """A worker whose endpoint is down."""

    name = "gone"

    def __init__(self) -> None:
        self.asked = 0

    async def work(self, assignment):
        self.asked += 1
        raise ModelError("http://127.0.0.1:9 cannot be reached.", hint="Start it.", kind="transient")


class Clumsy:
    """A worker that finds nothing."""

    name = "clumsy"

    def __init__(self) -> None:
        self.asked = 0

    async def work(self, assignment):
        self.asked += 1
        return Digest(subtask=assignment.subtask.id, state="done")


def with_worker(worker) -> Context:
    return Context(models=Models(), workers={worker.name: worker})


def by(plan, worker: str):
    return plan.model_copy(
        update={"subtasks": tuple(each.model_copy(update={"worker": worker}) for each in plan.subtasks)}
    )


def test_the_graph_runs_plans_on_embedded_workers():
    plan = WORLD.best_plan(ASKED)
    episode = GraphExecutor(audit_share=1.0).execute(ASKED, [rollout_of(ASKED, plan)], seed=0)[0]
    assert not episode.error
    assert len(episode.outcomes) == len(episode.audits) == 1
    assert episode.outcomes[0].grade.sub_rewards["facts"] > 0
    assert set(episode.outcomes[0].solved or {}) <= {each.id for each in plan.subtasks}
    assert any((episode.outcomes[0].solved or {}).values())


def test_identical_plans_run_once():
    worker, plan = Clumsy(), by(WORLD.best_plan(ASKED), "clumsy")
    executor = GraphExecutor(with_worker(worker), audit_share=1e-9)
    executor.execute(ASKED, [rollout_of(ASKED, plan)] * 3, seed=0)
    once = worker.asked
    executor.execute(ASKED, [rollout_of(ASKED, plan)], seed=1)
    assert worker.asked == once > 0


def test_an_endpoint_that_is_gone_is_an_error_and_is_asked_again():
    worker, plan = Gone(), by(WORLD.best_plan(ASKED), "gone")
    executor = GraphExecutor(with_worker(worker), audit_share=1e-9)
    first = executor.execute(ASKED, [rollout_of(ASKED, plan)], seed=0)[0]
    assert "cannot be reached" in first.error
    once = worker.asked
    executor.execute(ASKED, [rollout_of(ASKED, plan)], seed=0)
    assert worker.asked > once


def test_a_plan_that_finds_nothing_is_data():
    plan = by(WORLD.best_plan(ASKED), "clumsy")
    episode = GraphExecutor(with_worker(Clumsy())).execute(ASKED, [rollout_of(ASKED, plan)], seed=0)[0]
    assert not episode.error
    assert not any((episode.outcomes[0].solved or {}).values())
    assert total(compose(RewardConfig()).score([episode])[0]) < 1


# --- curriculum ------------------------------------------------------------------------------------------------------


def came(problem, *rewards: float) -> list[Episode]:
    rollout = rollout_of(PROBLEM, BEST)
    return [Episode(problem, rollout, expected=Expected(each, each, {}, {}, {})) for each in rewards]


def test_what_all_or_none_solve_is_passed_over_but_for_a_share():
    def drawn_again(explore: float) -> set[int]:
        curriculum = WorldCurriculum(MARKET, problems=30, explore=explore)
        for problem in curriculum.draw(30, seed=0):
            curriculum.record(came(problem, *((0, 0), (1, 1), (0, 1))[problem.seed % 3]))
        return {each.seed for each in curriculum.draw(10 if not explore else 30, seed=1)}

    assert drawn_again(0.0) == {seed for seed in range(30) if seed % 3 == 2}
    assert any(seed % 3 != 2 for seed in drawn_again(0.3))


def test_a_curriculum_goes_on_from_its_state_and_starts_epochs_in_another_order():
    curriculum = WorldCurriculum(MARKET, problems=20, first=100)
    first = [each.seed for each in curriculum.draw(20, seed=0)]
    assert sorted(first) == list(range(100, 120))
    curriculum.record(came(MARKET.problem(103), 0, 0))
    other = WorldCurriculum(MARKET, problems=20, first=100)
    other.restore(curriculum.state())
    assert [p.seed for p in curriculum.draw(15, seed=5)] == [p.seed for p in other.draw(15, seed=5)] != first[:15]
    assert other.state() == curriculum.state()


def test_fresh_problems_never_reach_the_seeds_that_are_held_out():
    with pytest.raises(ValueError, match="held out"):
        WorldCurriculum(MARKET, first=HELD_OUT)
    with pytest.raises(ValueError, match="held out"):
        WorldCurriculum(MARKET, first=HELD_OUT - 2).draw(3, seed=0)


def test_dials_reach_the_world():
    curriculum = WorldCurriculum(MARKET, dials={"fewest_parts": 4, "most_parts": 4, "trivial": 0, "distractors": 0})
    assert all(len(each.parts) == 4 for each in curriculum.draw(5, seed=0))
