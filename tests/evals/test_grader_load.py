"""Grader files: what can be used is, what cannot is refused with its place; multi, and the documentation's examples."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grading import check_grader
from support.hostile import mutated
from support.judges import judge_saying

from foreplan.core.models.base import Reply
from foreplan.evals.errors import EvalsError, GraderError
from foreplan.evals.graders.base import CodeGrader, Grade, GradingFault, Sample
from foreplan.evals.graders.load import grader_from
from foreplan.evals.graders.multi import multi

ITEM = {"answer": "seven lakes and a river"}
GOLD = ITEM["answer"]
EXACT = {"type": "string_check", "name": "exact", "input": "{{sample.output_text}}", "reference": "{{item.answer}}"}
EXACT |= {"operation": "eq"}
ALIKE = {"type": "text_similarity", "name": "alike", "input": "{{sample.output_text}}", "reference": "{{item.answer}}"}
ALIKE |= {"evaluation_metric": "fuzzy_match"}
ASKED = [{"role": "user", "content": "{{sample.output_text}}"}]
SCORE = {"type": "score_model", "name": "s", "model": "m", "input": ASKED}
LABEL = {
    "type": "label_model",
    "name": "l",
    "model": "m",
    "input": ASKED,
    "labels": ["a", "b"],
    "passing_labels": ["a"],
}
PYTHON = {"type": "python", "name": "p", "source": "def grade(sample, item): return 1"}


def both(formula="0.5 * exact + 0.5 * alike", **graders):
    return {
        "type": "multi", "name": "both", "graders": graders or {"exact": EXACT, "alike": ALIKE},
        "calculate_output": formula,
    }  # fmt: skip


def nested(depth):
    return EXACT if not depth else both("inner", inner=nested(depth - 1))


async def test_multi_stands_every_output():
    await check_grader(grader_from(both()), ITEM, GOLD, gamed=["{{item.answer}}", f"{GOLD[:5]} " * 20], worth=0.3)


async def test_multi_calculates_over_its_parts():
    text = "seven lakes and a road"
    grade = await grader_from(both()).grade(ITEM, Sample(text))
    assert grade.sub_rewards["exact"] == 0
    assert grade.reward == pytest.approx(grade.sub_rewards["alike"] / 2)
    for formula, reward in [("min(exact, alike)", 0), ("5 * alike", 1), ("exact - 1", 0), ("alike > 0.5", 1)]:
        assert (await grader_from(both(formula)).grade(ITEM, Sample(text))).reward == reward


async def test_multis_in_multis_name_their_parts():
    grade = await grader_from(both("0.5 * outer + 0.5 * e", outer=both(), e=EXACT)).grade(ITEM, Sample(GOLD))
    assert grade.reward == 1
    assert grade.sub_rewards == {"outer": 1, "outer.exact": 1, "outer.alike": 1, "e": 1}


async def test_breaking_a_part_that_is_subtracted_gains_nothing():
    penalty = {**EXACT, "input": "{{sample.output_json.bad}}", "reference": "yes"}
    grader = grader_from(both("1 - penalty", penalty=penalty))
    assert (await grader.grade(ITEM, Sample('{"bad": "no"}'))).reward == 1
    assert (await grader.grade(ITEM, Sample('{"bad": "yes"}'))).reward == 0
    broken = await grader.grade(ITEM, Sample("no JSON at all"))
    assert broken.reward == 0
    assert broken.errors == ("both: exact: the output is not JSON",)


async def test_many_broken_parts_are_a_reward_of_0():
    penalty = {**EXACT, "input": "{{sample.output_json.bad}}"}
    grader = grader_from(both("1 - (a + b + c + d + e + f + g) / 7", **dict.fromkeys("abcdefg", penalty)))
    assert (await grader.grade(ITEM, Sample(""))).reward == 0


async def test_a_formula_without_a_value_is_a_reward_of_0():
    grade = await grader_from(both("exact / (1 - exact)")).grade(ITEM, Sample(GOLD))
    assert grade.reward == 0
    assert "divides by zero" in grade.errors[0]


async def test_tokens_and_errors_of_parts_add_up():
    judge, _, ledger = judge_saying(lambda shown: {"reason": "", "score": 0.5})
    grade = await grader_from(both("(a + b) / 2", a=SCORE, b={**SCORE, "name": "t"}), judge=judge).grade(
        ITEM, Sample("x")
    )
    assert grade.reward == 0.5
    assert grade.tokens == ledger.spent("judge").total_tokens > 0


async def test_a_judge_that_is_down_is_raised_when_all_parts_have_ended():
    ended = []

    async def down(question):
        raise EvalsError("down")

    def slow(item, sample):
        ended.append(True)
        return 1.0

    parts = {"a": grader_from(SCORE, judge=down), "b": CodeGrader("b", slow)}
    with pytest.raises(EvalsError, match="down"):
        await multi("m", parts, "a + b").grade(ITEM, Sample("x"))
    assert ended


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({}, "'type'"),
        ({"type": "magic", "name": "x"}, "magic"),
        ({**EXACT, "operation": "equals"}, "operation: "),
        ({**EXACT, "reference": 5}, "reference: "),
        ({**EXACT, "refrence": "x"}, "refrence: "),
        ({**EXACT, "input": "{{output}}"}, r"\{\{output\}\} is not a placeholder"),
        ({**EXACT, "name": ""}, "name: "),
        ({**ALIKE, "evaluation_metric": "cosine"}, "evaluation_metric: .*embedder"),
        ({**SCORE, "range": [1, 1]}, "range must go"),
        ({**SCORE, "range": [0, float("inf")]}, "range"),
        ({**SCORE, "sampling_params": {"top_p": 0.5}}, "sampling_params.top_p: "),
        ({**SCORE, "input": []}, "input: "),
        (
            {**SCORE, "input": [{"role": "user", "content": {"type": "input_image", "image_url": "x"}}]},
            "input.0.content",
        ),
        ({**LABEL, "passing_labels": ["c"]}, "not in labels: c"),
        ({**LABEL, "labels": ["a", "a"]}, "labels must differ"),
        ({**PYTHON, "source": "x ="}, "not Python in line 1"),
        (both(a={**EXACT, "operation": "x"}), "graders.a.operation: "),
        (both("o", o=both("i", i={**EXACT, "input": "{{x}}"})), "graders.o.graders.i: "),
        (both("python", python={**SCORE, "input": 1}), "graders.python.input: "),
        (both(**{"not a name": EXACT}), "not a name"),
        (both(max=EXACT), "max is the name of a function"),
        (both("exact + wrong"), "calculate_output: .*'wrong' is not a name"),
        (both("__import__('os')"), "calculate_output: "),
        (both("exact.real"), "calculate_output: "),
        (both("9**9**9"), "calculate_output: "),
        (both("+" * 5_000), "calculate_output: "),
        ({**both(), "graders": EXACT}, "graders.type"),
        ({**both(), "graders": {}}, "graders: "),
        (nested(5), "nested 4 deep"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(spec, place):
    judge, _, _ = judge_saying(lambda shown: Reply())
    with pytest.raises(GraderError, match=place) as refusal:
        grader_from(spec, judge=judge)
    assert "docs/graders.md" in refusal.value.hint or refusal.value.hint
    assert len(str(refusal.value)) < 1_500


async def test_four_levels_are_graded():
    assert (await grader_from(nested(4)).grade(ITEM, Sample(GOLD))).reward == 1


@settings(max_examples=150, deadline=None)
@given(spec=mutated(both("0.5 * a + 0.5 * b", a=EXACT, b=both(python=PYTHON, score=SCORE, label=LABEL)), most=3))
def test_a_damaged_file_is_a_grader_or_refused(tmp_path_factory, spec):
    judge, _, _ = judge_saying(lambda shown: Reply())
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    for source in (spec, path):
        try:
            grader_from(source, judge=judge) if isinstance(source, dict | Path) else None
        except EvalsError as refusal:
            assert "grader" in str(refusal).lower()  # noqa: PT017


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 100_000, "\udc80", '{"type": "string_check"}', "null", "NaN", '"x"']
)
def test_a_file_that_is_no_grader_is_refused_by_its_name(tmp_path, content):
    path = tmp_path / "grader.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(GraderError, match=re.escape(f"The grader file {path} cannot be used")):
        grader_from(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(GraderError, match="No such file"):
        grader_from(tmp_path / "nothing.json")


async def test_a_file_is_a_grader(tmp_path):
    path = tmp_path / "grader.json"
    path.write_text(json.dumps(both()), encoding="utf-8")
    assert (await grader_from(str(path)).grade(ITEM, Sample(GOLD))).reward == 1


PAGE = Path(__file__).parents[2] / "docs" / "graders.md"
EXAMPLES = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
]


def test_the_page_has_an_example_of_each_kind():
    assert {each.get("type") for each in EXAMPLES} == {
        None, "string_check", "text_similarity", "score_model", "label_model", "python", "multi",
    }  # fmt: skip


@pytest.mark.parametrize("spec", [each for each in EXAMPLES if "type" in each], ids=lambda each: each["type"])
async def test_each_example_of_the_page_grades_as_it_says(spec):
    case = next(each for each in EXAMPLES if "item" in each)

    def say(shown):
        good = case["output"] in shown
        return {"reason": "", "score": 5 if good else 1, "label": "names one" if good else "names none"}

    judge, _, _ = judge_saying(say)
    grader = grader_from(spec, judge=judge)
    gold = await grader.grade(case["item"], Sample(case["output"]))
    wrong = await grader.grade(case["item"], Sample("No idea."))
    assert (gold.reward, gold.errors) == (1, ())
    assert wrong.reward < 0.4


@settings(deadline=None)
@given(rewards=st.lists(st.floats(0, 1), min_size=2, max_size=2), broken=st.booleans())
async def test_a_weighted_mean_lies_between_its_parts(rewards, broken):
    def part(reward):
        def score(item, sample):
            if broken:
                raise GradingFault("broken")
            return reward

        return CodeGrader("part", score)

    grade = await multi("m", {"a": part(rewards[0]), "b": part(rewards[1])}, "0.25 * a + 0.75 * b").grade(
        {}, Sample("")
    )
    assert isinstance(grade, Grade)
    expected = 0 if broken else 0.25 * rewards[0] + 0.75 * rewards[1]
    assert grade.reward == pytest.approx(expected)
