"""The fanout world: its corpus holds the answers, real runs work on it, and reports are graded by what they state."""

import json
import re
from itertools import pairwise

import pytest

from foreplan import Brief, Context, run
from foreplan.core.models.base import Reply, Request, ToolCall
from foreplan.core.models.roles import Models
from foreplan.core.testing.models import FunctionModel, model_of
from foreplan.evals.worlds.answers import UNKNOWN, equal, said
from foreplan.evals.worlds.base import held_out
from foreplan.evals.worlds.fanout.grade import Stated, grade_report
from foreplan.evals.worlds.fanout.relations import RELATIONS, paths
from foreplan.evals.worlds.fanout.world import Fanout, write_documents
from foreplan.memory.documents.index import DocumentIndex
from foreplan.planner.arithmetic import answer_arithmetic

SHOWN = re.compile(r"<data (p\d+)[^>]*>\n(.*?)\n</data>", re.DOTALL)


def gold_report(problem):
    sentences = [sentence for part in problem.parts if part.needed for sentence in part.evidence]
    return "\n".join([*sentences, "", f"Answer: {problem.hidden['expected']}"])


@pytest.mark.parametrize("seed", range(40))
def test_each_evidence_sentence_stands_once_and_states_its_answer(seed):
    problem = Fanout().problem(seed, width=1 + seed % 6, hops=1 + seed % 4, distractors=seed % 5, direct=0)
    corpus = "\n".join(problem.documents.values())
    for part in problem.parts:
        assert bool(part.evidence) == (part.answer is not None) or part.id == "total"
        for sentence in part.evidence:
            assert corpus.count(sentence) == 1
            assert Stated(sentence).states(part.answer or "")


def test_an_unsolvable_fact_stands_nowhere():
    for seed in range(20):
        problem = Fanout().problem(seed, unsolvable=1, direct=0, hops=1)
        assert problem.answer is None
        for chain in problem.hidden["chains"]:
            told = [text for text in problem.documents.values() if chain["root"] in text]
            assert told, "the thing itself is there"
        assert not [part for part in problem.parts if part.needed and part.evidence]


def test_most_facts_are_told_of_pronouns_in_several_notations_or_in_registers():
    evidence, names = [], []
    for seed in range(60):
        problem = Fanout().problem(seed, direct=0, unsolvable=0)
        for part in problem.parts:
            if part.evidence and part.needed:
                evidence.append(part.evidence[0])
                names.append(part.answer or "")
    verbatim = sum(name in sentence for name, sentence in zip(names, evidence, strict=True) if name[0].isdigit())
    literal = sum(name[0].isdigit() for name in names)
    assert verbatim < 0.6 * literal
    pronouns = {"It", "Its", "She", "Her", "He", "His"}
    assert sum(sentence.split()[0] in pronouns for sentence in evidence) > len(evidence) / 10


def test_paths_lead_from_thing_to_thing():
    for hops in (1, 2, 3, 4):
        for path in paths(hops, ("number", "date")):
            assert len(set(path)) == hops
            assert all(left.target == right.subject for left, right in pairwise(path))
    assert all(relation.words.search(relation.phrase) for relation in RELATIONS)


@pytest.mark.parametrize("seed", range(25))
def test_gold_reports_score_one_and_games_do_not_pay(seed):
    problem = Fanout().problem(seed)
    gold = gold_report(problem)
    assert grade_report(problem, gold).reward == 1
    for worthless in ("", "garbage", "Answer:", "\x00\ud800"):
        assert grade_report(problem, worthless).reward == 0
    dumped = grade_report(problem, "\n".join(problem.documents.values()))
    assert dumped.reward <= 0.25
    if problem.parts:
        answered = grade_report(problem, gold + "\nAnswer: " + "; ".join(map(str, range(100))))
        assert answered.sub_rewards["answer"] == 0


@pytest.mark.parametrize("worthless", ["x" * 10_000_000, "Answer: " * 1_000_000, "Answer: 1\n" * 1_000_000])
def test_hostile_reports_earn_nothing_in_bounded_time(worthless):
    assert grade_report(Fanout().problem(0, direct=0), worthless).reward == 0


def test_an_answer_where_there_is_none_is_wrong():
    problem = Fanout().problem(1, unsolvable=1, direct=0, aggregation=3, hops=1)
    assert problem.hidden["expected"] == UNKNOWN
    assert grade_report(problem, "Answer: unknown").reward == 1
    assert grade_report(problem, "Answer: 12,300").reward == 0


@pytest.mark.parametrize(
    ("given", "gold", "same"),
    [
        ("12,300", "12300", True),
        ("about 12.3 thousand people", "12300", True),
        ("12301", "12300", False),
        ("between 12300 and 12400", "12300", False),
        ("4 March 1871", "1871-03-04", True),
        ("March 1871", "1871-03-04", False),
        ("velan works", "Velan Works", True),
        ("Velan Works, Marford Mills", "Velan Works", False),
        ("1; unknown; 3", "1; unknown; 3", True),
        ("1; 3", "1; unknown; 3", False),
        ("1905", "1905", True),
        ("", "1905", False),
    ],
)
def test_answers_are_compared_by_value(given, gold, same):
    assert equal(given, gold) is same


def test_the_last_answer_line_counts():
    assert said("# Answer: 1\n**Answer:** 2\nand so on. Answer: 3\n")["answer"] == "2"


async def test_an_embedded_run_over_the_written_folder_finds_evidence(tmp_path):
    problem = Fanout().problem(held_out(0), direct=0, unsolvable=0, width=1, hops=2, aggregation=0)
    index = index_of(problem, tmp_path / "documents")
    result = await run(problem.brief, context=Context(sources=index), home=tmp_path / "home")
    assert result.report is not None
    quotes = " ".join(citation.quote for citation in result.report.citations)
    assert any(part.evidence[0] in quotes for part in problem.parts if part.needed)
    assert 0 < grade_report(problem, result.report.markdown).reward < 1


async def test_an_easy_problem_is_answered_at_once_by_an_embedded_run(tmp_path):
    problem = next(
        each
        for seed in range(50)
        if answer_arithmetic((each := Fanout().problem(seed, direct=1)).brief.goal) is not None
    )
    result = await run(problem.brief, context=Context(sources=index_of(problem, tmp_path / "d")), home=tmp_path / "h")
    assert result.plan is not None
    outcome = Fanout().outcome(problem, result.plan)
    assert (result.plan.mode, outcome.grade.reward, outcome.utility) == ("direct", 1, outcome.best)


async def test_a_run_with_models_that_keep_to_the_best_plan_is_graded_high(tmp_path):
    problem = Fanout().problem(held_out(4), direct=0, unsolvable=0, width=3, hops=2, aggregation=0)
    context = Context(models=models_for(problem), sources=index_of(problem, tmp_path / "documents"))
    result = await run(Brief(**dict(problem.brief)), context=context, home=tmp_path / "home")
    assert result.plan is not None
    assert result.plan.subtasks == Fanout().best_plan(problem).subtasks
    assert result.report is not None
    grade = grade_report(problem, result.report.markdown)
    assert grade.sub_rewards["answer"] == 1
    assert grade.sub_rewards["facts"] >= 0.5


def index_of(problem, folder):
    index = DocumentIndex.open(folder.with_name(f"{folder.name}-index"))
    index.update([write_documents(problem, folder)])
    return index


def models_for(problem):
    """A planner that knows the best plan, workers that hand in what they are shown, a writer that knows the answer."""
    gold = [sentence for part in problem.parts for sentence in part.evidence]

    def work(request: Request):
        shown = str(request.messages[-1]["content"])
        claims = [
            {"text": sentence, "source": handle, "quote": sentence, "confidence": 0.9}
            for handle, text in SHOWN.findall(shown)
            for sentence in gold
            if sentence in text
        ]
        arguments = json.dumps({"claims": claims, "open_questions": []})
        return Reply(tool_calls=(ToolCall("call", "submit_digest", arguments),), finish_reason="tool_calls")

    def write(request: Request):
        lines = (line for line in str(request.messages[-1]["content"]).split("\n") if line.startswith("[c"))
        cited = [f"- {line.partition('] ')[2]} {line.partition('] ')[0]}]" for line in lines]
        return "\n".join([*cited, "", f"Answer: {problem.hidden['expected']}"])

    plan = Fanout().best_plan(problem).model_dump_json()
    return Models(
        planner=model_of(FunctionModel(lambda _: plan), model="planner"),
        worker=model_of(FunctionModel(work), model="worker"),
        writer=model_of(FunctionModel(write), model="writer"),
    )
