"""Choices: what every token in a number's place would have been worth is what it turns out to be worth."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.training import MARKET, problem_with

np = pytest.importorskip("numpy")
pytest.importorskip("tokenizers")
torch = pytest.importorskip("torch")

from foreplan.evals.worlds.base import Problem  # noqa: E402
from foreplan.evals.worlds.market.optimum import BUDGETS  # noqa: E402
from foreplan.evals.worlds.market.world import offers  # noqa: E402
from foreplan.planner.codec import encode  # noqa: E402
from foreplan.planner.plan import Plan  # noqa: E402
from foreplan.train.choices import Choices  # noqa: E402
from foreplan.train.credit import Advantages  # noqa: E402
from foreplan.train.execute.market import Kept, MarketExecutor  # noqa: E402
from foreplan.train.grammar.compact import NUMBERS, CompactGrammar, plain_plan  # noqa: E402
from foreplan.train.grammar.mask import MaskTable, masked_log_softmax  # noqa: E402
from foreplan.train.grammar.reading import read_compact  # noqa: E402
from foreplan.train.reward.base import total  # noqa: E402
from foreplan.train.reward.compose import RewardConfig, compose  # noqa: E402
from foreplan.train.reward.others import OTHERS  # noqa: E402
from foreplan.train.rollout import Episode, Rollout  # noqa: E402
from foreplan.train.tiny.prompt import tiny_prompt_ids  # noqa: E402
from foreplan.train.tiny.words import END, ids_by_piece, ids_of  # noqa: E402
from foreplan.train.trainer.batch import batch_of  # noqa: E402
from foreplan.train.trainer.logprobs import expected_worth  # noqa: E402

PROBLEM = problem_with(4, 5, 3)
PAYS = RewardConfig()
problems = st.builds(
    MARKET.problem, st.integers(0, 100_000), fewest_parts=st.integers(1, 4), trivial=st.just(0.0)
)  # fmt: skip


def with_field(plan: Plan, own: str, **fields: object) -> Plan:
    return plan.model_copy(
        update={"subtasks": tuple(each.model_copy(update=fields) if each.id == own else each for each in plan.subtasks)}
    )


def written(problem: Problem, plan: Plan) -> Rollout:
    ids = [*ids_of(encode(plain_plan(plan))), ids_by_piece()[END]]
    text, read, spans = read_compact(ids)
    prompt = tiny_prompt_ids(problem.brief, offers(problem))
    return Rollout(prompt, ids, [-1.0] * len(ids), [True] * len(ids), text, read, spans=spans)


def executed(problem: Problem, *plans: Plan) -> list[Episode]:
    return MarketExecutor().execute(problem, [written(problem, each) for each in plans], seed=0)


@given(problems, st.sampled_from(BUDGETS), st.sampled_from(BUDGETS), st.booleans(), st.data())
@settings(deadline=None, max_examples=60)
def test_other_budgets_would_have_come_to_what_they_come_to(problem, own_budget, other, partial, data):
    """Also where inputs are missing, or a subtask goes on without them."""
    plan = MARKET.best_plan(problem, cover=True)
    own = data.draw(st.sampled_from(plan.subtasks)).id
    changes: dict[str, object] = {"on_missing": "partial"} if partial else {}
    if data.draw(st.booleans()):
        changes["depends_on"] = ()
    plan = with_field(plan, own, budget=own_budget, **changes)
    kept = Kept(problem)
    said = kept.expected(plan).instead[own]
    came = kept.expected(with_field(plan, own, budget=other))
    at = said.budgets.index(other)
    assert said.done[at] / len([each for each in problem.parts if each.needed]) == pytest.approx(came.reward)
    assert said.dollars[at] == pytest.approx(sum(came.dollars.values()))


@pytest.mark.parametrize(
    ("config", "name", "number", "fields"),
    [
        (RewardConfig(success=0, tokens=0), "budget", 800, {"budget": 800}),
        (RewardConfig(success=0, tokens=0, spend=2.0), "budget", 100, {"budget": 100}),
        (PAYS, "success", 0.3, {"success": 0.3}),
        (PAYS, "tokens_p50", 168, {"tokens_p50": 168}),
        (PAYS, "tokens_p90", 3_200, {"tokens_p90": 3_200}),
    ],
)
def test_a_curve_rises_as_the_reward_does(config, name, number, fields):
    plan = plain_plan(MARKET.best_plan(PROBLEM, cover=True))
    subtask = plan.subtasks[0]
    changed = fields if name == "budget" else {"forecast": subtask.forecast.model_copy(update=fields)}
    episodes = executed(PROBLEM, plan, with_field(plan, subtask.id, **changed))
    reward = compose(config)
    before, after = (total(each) for each in reward.score(episodes))
    curve = reward.curves(episodes[0])[subtask.id, name]
    had = subtask.budget if name == "budget" else getattr(subtask.forecast, name)
    said = curve(np.array([had, number], dtype=float))
    assert said[1] - said[0] == pytest.approx(after - before)
    assert abs(after - before) > 1e-4


def test_each_number_of_a_plan_is_a_choice_and_the_best_of_it_loses_nothing():
    plan = plain_plan(MARKET.best_plan(PROBLEM, cover=True))
    episodes = executed(PROBLEM, plan, plan)
    made = Choices(compose(PAYS), NUMBERS)(episodes)
    rollout = episodes[0].rollout
    numbers = {span[0] for (_, name), span in rollout.spans.items() if name in NUMBERS}
    assert {each.at for each in made[0]} == numbers
    assert made[0] == made[1]
    assert all(max(each.worth) == 0 and len(each.worth) == len(each.tokens) for each in made[0])
    assert all(rollout.completion_ids[each.at] in each.tokens for each in made[0])


def test_budgets_alone_are_learned_by_likelihood_too():
    plan = plain_plan(MARKET.best_plan(PROBLEM, cover=True))
    (episode,) = executed(PROBLEM, plan)
    (made,) = Choices(compose(PAYS), NUMBERS)([episode])
    budgets = {span[0] for (_, name), span in episode.rollout.spans.items() if name == "budget"}
    assert {each.at for each in made if each.likelihood} == budgets


def test_without_audits_or_with_another_reward_only_what_is_known_is_a_choice():
    plan = plain_plan(MARKET.best_plan(PROBLEM, cover=True))
    episodes = executed(PROBLEM, plan)
    played = [replace(each, audits=(), expected=None) for each in episodes]
    place = played[0].rollout.spans["", "success"][0]
    assert [each.at for each in Choices(compose(PAYS), NUMBERS)(played)[0]] == [place]
    assert not any(any(Choices(other, NUMBERS)(episodes)) for other in OTHERS)
    forced = [replace(each, rollout=replace(each.rollout, free=[False] * 200)) for each in episodes]
    assert not any(Choices(compose(PAYS), NUMBERS)(forced))


def test_heat_falls_to_nothing():
    choices = Choices(compose(PAYS), NUMBERS, explore=0.2, steps=100)
    heats = []
    for choices.step in (0, 30, 60, 99):
        heats.append(choices.heat)
    assert heats == pytest.approx([0.2, 0.1, 0, 0])


def test_the_gradient_over_all_tokens_is_the_mean_of_those_of_draws():
    torch.manual_seed(0)
    logits = torch.randn(1, 2, 6, requires_grad=True)
    logprobs = masked_log_softmax(logits, torch.tensor([[[False, True, True, False, True, False]] * 2]))
    chosen = {
        "choice_at": torch.tensor([[1]]),
        "choice_tokens": torch.tensor([[[1, 2, 4, 5, 0]]]),
        "choice_worth": torch.tensor([[[0.0, -1.0, -3.0, -2.0, -torch.inf]]]),
        "choice_likelihood": torch.tensor([[0.0]]),
    }

    def gradient(value):
        return torch.autograd.grad(value, logits, retain_graph=True)[0]

    own = logprobs[0, 1, [1, 2, 4]]
    exact = gradient(expected_worth(logprobs, **chosen, choice_heat=torch.tensor(0.0)))
    drawn = sum(each.exp().detach() * paid * gradient(each) for each, paid in zip(own, (0.0, -1, -3), strict=True))
    assert torch.allclose(exact, drawn, atol=1e-6)
    warm = gradient(expected_worth(logprobs, **chosen, choice_heat=torch.tensor(0.5)))
    assert torch.allclose(warm - exact, 0.5 * gradient(-(own.exp() * own).sum()), atol=1e-6)


def learned(likelihood, worths, logits, *, steps=1_000):
    """How likely each of some tokens is after ascending what they are worth."""
    logits = torch.tensor(logits).requires_grad_()
    for _ in range(steps):
        worth = expected_worth(
            torch.log_softmax(logits, 0)[None, None],
            choice_at=torch.tensor([[0]]),
            choice_tokens=torch.arange(len(worths))[None, None],
            choice_worth=torch.tensor([[worths]]),
            choice_likelihood=torch.tensor([[likelihood]]),
            choice_heat=torch.tensor(0.0),
        )
        logits.data += 0.2 * torch.autograd.grad(worth, logits)[0]
    return torch.softmax(logits.detach(), 0).tolist()


def test_a_likelihood_counts_by_what_its_token_is_worth_more_than_expected():
    worths, logits = [0.0, -0.5, -4.0, -4.0], torch.tensor([1.0, 1.0, 0.0, -20.0])
    before = torch.softmax(logits, 0)
    more = torch.tensor(worths) - (before * torch.tensor(worths)).sum()
    weights = more.clamp(min=-1) * torch.tensor([1.0, 1.0, 1.0, 0.0])  # the last is unlikely already

    def moved(likelihood):
        after = torch.tensor(learned(likelihood, worths, logits.tolist(), steps=1))
        return (after.log() - before.log()) / 0.2

    gained = moved(1.0) - moved(0.0)
    expected = weights - before * weights.sum()
    assert torch.allclose(gained - gained[0], expected - expected[0], atol=1e-4)


def test_a_better_budget_that_is_hardly_ever_given_is_learned_by_its_likelihood():
    worths, logits = [-0.05, -1.0, 0.0], [8.0, 0.0, 0.0]
    assert learned(0.0, worths, logits)[2] < 0.001
    assert learned(1.0, worths, logits)[2] > 0.5


def test_among_many_budgets_of_little_chance_the_best_is_found():
    """At first what the many lose goes to the likeliest, though it is not the best; in the end the best has it."""
    worths, logits = [-0.3, 0.0, *[-1.5] * 33], [5.7, 4.9, *[0.0] * 33]
    assert learned(1.0, worths, logits)[1] > 0.95


def test_a_drawn_token_has_no_advantage_where_there_is_a_choice_and_plans_cut_off_have_none():
    plan = plain_plan(MARKET.best_plan(PROBLEM, cover=True))
    worse = with_field(plan, plan.subtasks[0].id, budget=9_514)
    episodes = executed(PROBLEM, plan, worse)
    episodes[1] = replace(episodes[1], rollout=replace(episodes[1].rollout, truncated=True))
    grammar = CompactGrammar()
    table = MaskTable(len(ids_by_piece()))
    rows = Advantages(compose(PAYS))(episodes)
    choices = Choices(compose(PAYS), NUMBERS)(episodes)
    batch = batch_of(episodes, rows, pad=0, grammar=grammar, table=table, choices=choices, heat=0.1)
    at = [each.at for each in choices[0]]
    assert not batch["advantages"][0, at].any()
    assert batch["choice_at"][0, : len(at)].tolist() == at
    assert batch["choice_worth"][0].isfinite().any()
    assert not batch["choice_worth"][1].isfinite().any()
    assert batch["choice_heat"].dim() == 0
    plain = batch_of(episodes, rows, pad=0, grammar=grammar, table=table, choices=[[], []])
    assert "choice_at" not in plain
