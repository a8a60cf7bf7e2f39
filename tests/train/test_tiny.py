"""The tiny planner: its tokens, its grammar, its folder. What it can write is a plan; what is shown can be written."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from foreplan.evals.worlds.market.world import Market, offers  # noqa: E402
from foreplan.planner.brief import Brief  # noqa: E402
from foreplan.planner.codec import encode  # noqa: E402
from foreplan.planner.validate import PlanRules, check_plan  # noqa: E402
from foreplan.train.errors import RecipeError, TrainError  # noqa: E402
from foreplan.train.grammar.base import allowed_at  # noqa: E402
from foreplan.train.grammar.compact import CompactGrammar, plain_plan  # noqa: E402
from foreplan.train.grammar.reading import read_compact, read_texts  # noqa: E402
from foreplan.train.tiny.folder import CARD, TINY, load_planner, save_planner  # noqa: E402
from foreplan.train.tiny.model import tiny_model  # noqa: E402
from foreplan.train.tiny.prompt import tiny_prompt, tiny_prompt_ids  # noqa: E402
from foreplan.train.tiny.words import UNKNOWN, ids_by_piece, ids_of, text_of, tiny_tokenizer  # noqa: E402

END = tiny_tokenizer().eos_token_id
WORLD = Market()
problems = st.builds(
    WORLD.problem,
    st.integers(0, 100_000),
    most_parts=st.sampled_from([1, 4, 6]),
    distractors=st.sampled_from([0.1, 1.0]),
    workers=st.integers(1, 3),
    prose=st.integers(0, 1),
)


def prompt_of(problem):
    return tiny_prompt_ids(problem.brief, offers(problem))


@given(problems)
@settings(deadline=None)
def test_prompts_and_best_plans_are_whole_tokens_and_come_back(problem):
    prompt = tiny_prompt(problem.brief, offers(problem))
    assert ids_by_piece()[UNKNOWN] not in prompt_of(problem)
    assert text_of(prompt_of(problem)) == prompt == tiny_tokenizer().decode(prompt_of(problem))
    for cover in (False, True):
        plan = plain_plan(WORLD.best_plan(problem, cover=cover))
        ids = [*ids_of(encode(plan)), END]
        text, again, _ = read_compact(ids)
        assert (text, again) == (encode(plan), plan)
        allowed = allowed_at(CompactGrammar(), prompt_of(problem), ids)
        assert all(token in tokens for token, tokens in zip(ids, allowed, strict=True))


@given(problems, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_whatever_the_grammar_allows_is_a_plan_without_faults_or_a_beginning_of_one(problem, source):
    walk, ids = CompactGrammar().walk(prompt_of(problem)), []
    while walk.allowed() != (END,):
        assert list(walk.allowed()) == sorted(set(walk.allowed()))
        ids.append(source.choice(walk.allowed()))
        walk.accept(ids[-1])
    assert len(ids) < 240
    text, plan, spans = read_compact([*ids, END])
    assert ids_of(text) == ids
    assert plan is not None
    workers = tuple(offer.name for offer in offers(problem))
    assert not check_plan(plan, PlanRules(workers=workers))
    read = {key: text_of(ids[start:end]).strip() for key, (start, end) in spans.items()}
    for subtask in plan.subtasks:
        assert read[subtask.id, "id"] == subtask.id
        assert read[subtask.id, "goal"] == subtask.goal
        assert read[subtask.id, "worker"] == subtask.worker
        assert read[subtask.id, "success"] == str(round(subtask.forecast.success * 100))
        assert read[subtask.id, "depends_on"].strip("<|").split(",") == list(subtask.depends_on or [""])
        assert spans[subtask.id, "budget"][1] - spans[subtask.id, "budget"][0] == 1
    ranges = sorted(spans.values())
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ranges))


def test_filler_and_too_many_dependencies_can_be_written_so_that_rewards_can_be_seen_to_refuse_them():
    problem = WORLD.problem(0)
    listed = [part.id for part in problem.parts]
    filler = next(f"p{number}" for number in range(1, 10) if f"p{number}" not in listed)
    text = f"plan|||50\n{filler}|k|{filler} 1||s|ant|l1f|50 01 02|01\n"
    first = next(part for part in problem.parts if not part.depends_on)
    text += f"{first.id}<{filler}|"
    allowed_at(CompactGrammar(), prompt_of(problem), ids_of(text))
    with pytest.raises(ValueError, match="not allowed"):
        allowed_at(CompactGrammar(), prompt_of(problem), ids_of(text.replace("<", "<p9,p8,")))


def test_a_brief_in_other_words_is_refused():
    with pytest.raises(TrainError, match="world market"):
        tiny_prompt_ids(Brief(goal="Compare the two dates."))


def test_text_that_is_no_plan_has_none():
    for text in ("", "end", "plan|||80\n", "plan|||80\np1|r\nend"):
        assert read_compact([*ids_of(text), END]) == (text, None, {})


def test_fields_are_found_under_any_tokenizer_and_behind_escapes():
    text = "plan||a \\| b|80\nborn|r|When \\| n||s||m1f|90 13 21|23\nend"
    _, plan, spans = read_texts([text[at : at + 3] for at in range(0, len(text), 3)])
    assert plan is not None
    start, end = spans["born", "budget"]
    assert "23" in text[3 * start : 3 * end]
    assert ("born", "worker") not in spans


def test_a_folder_comes_back_and_a_broken_one_is_refused(tmp_path):
    model = tiny_model(tiny_tokenizer(), seed=3)
    assert 250_000 < model.num_parameters() < 400_000
    save_planner(tmp_path / "planner", model, tiny_tokenizer())
    again, tokenizer, card = load_planner(tmp_path / "planner")
    assert card == TINY
    ids = torch.tensor([prompt_of(WORLD.problem(1))])
    assert torch.equal(model.eval()(ids).logits, again(ids).logits)
    assert tokenizer.decode(ids[0]) == text_of(ids[0].tolist())
    (tmp_path / "planner" / "model.safetensors").unlink()
    with pytest.raises(RecipeError, match="cannot be loaded"):
        load_planner(tmp_path / "planner")
    (tmp_path / "planner" / CARD).write_text('{"codec": "xml"}')
    with pytest.raises(RecipeError, match=r"codec|prompt"):
        load_planner(tmp_path / "planner")
    with pytest.raises(RecipeError, match="not a trained planner"):
        load_planner(tmp_path)


def test_equal_seeds_make_equal_models():
    before = torch.random.get_rng_state()
    one, other = (tiny_model(tiny_tokenizer(), seed=5).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(before, torch.random.get_rng_state())
