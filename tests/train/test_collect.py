"""One step's practice: groups that teach nothing are replaced, dead ends pause, all processes stay alike."""

import threading
from typing import Any

import pytest

pytest.importorskip("torch")

from support.practice import Played, Seeds, prompt_ids

from foreplan.train.errors import TrainingPaused
from foreplan.train.rollout import Rollout
from foreplan.train.trainer.collect import Collector, Process, seed_of


class Blank:
    """Samples nothing, and notes how often it was asked for how many prompts."""

    def __init__(self):
        self.asked = []

    def sample(self, prompts, *, group, max_tokens, seed):
        self.asked.append(len(prompts))
        return [Rollout(prompt, [1], [0.0], [True], "", None) for prompt in prompts for _ in range(group)]


class Lessons:
    """Groups for problems whose number of parts is odd teach something."""

    def __init__(self):
        self.step = 0

    def __call__(self, episodes):
        return [[float(self.teaches(each))] for each in episodes]

    @staticmethod
    def teaches(episode):
        return len(episode.problem.parts) % 2 == 1


def collector(**change):
    parts: dict[str, Any] = {
        "curriculum": Seeds(),
        "sampler": Blank(),
        "executor": Played(),
        "advantages": Lessons(),
        "refills": 3,
    }
    parts.update(change)
    return Collector(prompt=prompt_ids, group=2, max_tokens=9, **parts), parts


def test_groups_that_teach_nothing_are_replaced():
    made, parts = collector()
    found = made.collect(6, seed=3)
    assert len(found.episodes) == 12
    assert found.useful == 6
    assert all(Lessons.teaches(each) for each in found.episodes)
    assert found.drawn == sum(parts["sampler"].asked) == parts["curriculum"].told > 6
    assert parts["sampler"].asked[1] == 6 - sum(Lessons.teaches(episode) for episode in made_first_round(parts, 6))


def made_first_round(parts, number):
    fresh = Collector(prompt=prompt_ids, group=1, max_tokens=9, **{**parts, "curriculum": Seeds(), "refills": 0})
    return fresh.collect(number, seed=3).episodes


def test_rounds_are_bounded_and_the_step_is_filled_up_all_the_same():
    class Nothing(Lessons):
        teaches = staticmethod(lambda episode: False)

    made, parts = collector(advantages=Nothing())
    found = made.collect(3, seed=1)
    assert parts["sampler"].asked == [3] * 4
    assert (len(found.episodes), found.useful, found.drawn) == (6, 0, 12)


def test_when_nothing_can_be_executed_training_pauses_with_the_reason():
    executor = Played()
    executor.fail = "connection refused"
    made, parts = collector(executor=executor)
    with pytest.raises(TrainingPaused, match="connection refused"):
        made.collect(2, seed=1)
    assert parts["curriculum"].told == 0


def test_processes_practise_on_different_problems_and_tell_the_curriculum_of_all():
    barrier = threading.Barrier(2)
    slots = [None, None]

    def gather_of(rank):
        def gather(own):
            slots[rank] = own
            barrier.wait(10)
            every = list(slots)
            barrier.wait(10)
            return every

        return gather

    made = [collector() for _ in range(2)]
    found: list[Any] = [None, None]

    def run(rank):
        found[rank] = made[rank][0].collect(4, seed=5, process=Process(rank, 2, gather_of(rank)))

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    seeds = [{each.problem.seed for each in part.episodes} for part in found]
    assert not seeds[0] & seeds[1]
    assert made[0][1]["curriculum"].told == made[1][1]["curriculum"].told == sum(part.drawn for part in found)
    assert len(made[0][1]["sampler"].asked) == len(made[1][1]["sampler"].asked)


def test_seeds_depend_on_every_number():
    assert len({seed_of(*parts) for parts in [(1,), (2,), (1, 2), (2, 1), (12,)]}) == 5
    assert 0 <= seed_of(1, 2, 3) < 2**63
