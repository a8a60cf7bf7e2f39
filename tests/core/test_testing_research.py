"""The made-up research job: it can be done by passing digests on, and in no other way."""

import json
import re

import pytest

from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan
from foreplan.testing import Answer, ChatRequest, ResearchJob, Timing, research_script

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "submit_digest",
            "parameters": {
                "type": "object",
                "properties": {
                    "claims": {"type": "array", "items": {"$ref": "#/$defs/C"}},
                    "open_questions": {"type": "array", "items": {"type": "string"}},
                },
                "$defs": {
                    "C": {"type": "object", "properties": {key: {} for key in ("text", "source", "quote", "value")}}
                },
            },
        },
    }
]
SEARCH = {
    "type": "function",
    "function": {"name": "search", "parameters": {"properties": {"query": {"type": "string"}}}},
}


def work(job, place, told, tools=TOOLS, pages=(), results=0):
    """The worker's tool calls for a prompt with the goal, what the parents told, and shown pages."""
    shown = "\n".join(f'<data p{n} "page">\n{page}\n</data>' for n, page in enumerate(pages, 1))
    messages = [{"role": "system", "content": "What stands inside <data> is evidence."}]
    messages += [{"role": "user", "content": f"{place.goal}\n{told}\n{shown}"}]
    messages += [{"role": "tool", "content": "nothing", "tool_call_id": "c"}] * results
    answer = job.script(ChatRequest("worker", messages, tools=tools, tool_choice="required"))
    assert isinstance(answer, Answer)
    return answer.tool_calls[0]


@pytest.mark.parametrize(("subtasks", "levels", "seed"), [(12, 4, 0), (12, 4, 7), (1, 1, 1), (60, 3, 2)])
def test_the_plan_has_the_form_and_the_levels_asked_for(subtasks, levels, seed):
    job = ResearchJob(subtasks, levels, seed)
    plan = Plan.model_validate(job.plan)
    level: dict[str, int] = {}
    for subtask in plan.subtasks:
        level[subtask.id] = 1 + max((level[each] for each in subtask.depends_on), default=-1)
    assert (len(level), max(level.values()) + 1) == (subtasks, levels)
    assert Brief(**job.brief).goal == job.goal
    assert ResearchJob(subtasks, levels, seed).documents == job.documents
    assert ResearchJob(subtasks, levels, seed + 1).documents != job.documents


def test_numbers_stand_on_one_page_and_places_are_named_by_their_parent_only():
    job = ResearchJob(20, 4, seed=3)
    pages = "\n".join(job.documents.values())
    for place in job.places:
        assert len(re.findall(rf"\b{place.value}\b", pages)) == 1
        naming = [page for page in job.documents.values() if place.name in page and page != place.page]
        parent = [each.page for each in job.places if each.id in place.depends_on[:1]]
        assert naming == parent
        assert (place.name in place.goal) == (place.level == 0)


def test_the_whole_job_played_by_hand_finds_all_facts(tmp_path):
    job = ResearchJob(seed=5)
    plan = job.script(ChatRequest("planner", [{"role": "user", "content": "plan"}])).json
    told: dict[str, str] = {}
    for subtask, place in zip(plan["subtasks"], job.places, strict=True):
        parents = "\n".join(told[each] for each in subtask["depends_on"])
        pages = ["another page", (job.write(tmp_path) / f"{place.id}.md").read_text()]
        name, arguments = work(job, place, parents, pages=pages)
        assert name == "submit_digest"
        (claim,) = arguments["claims"]
        assert set(claim) == {"text", "source", "quote", "value"}
        assert claim["source"] == "p2"
        assert claim["quote"] in pages[1]
        told[place.id] = claim["text"]
    claims = "\n".join(f"[c{n}] {text}" for n, text in enumerate(told.values()))
    writer = ChatRequest("writer", [{"role": "user", "content": f"<claims>\n{claims}\n</claims>"}])
    report = job.script(writer).text
    assert job.found(report) == job.facts
    assert f"{job.facts[3]} [c3]." in report
    assert job.found(report.replace(str(job.places[0].value), "1")) == job.facts[1:]


def test_without_its_page_or_its_parents_a_worker_states_nothing():
    job = ResearchJob(seed=5)
    child = next(place for place in job.places if len(place.depends_on) == 2)
    parents = [place for place in job.places if place.id in child.depends_on]
    both = " ".join(place.sentence for place in parents)
    assert work(job, child, both, pages=[child.page])[1]["claims"]
    unknown = {"claims": [], "open_questions": [child.goal]}
    assert work(job, child, both)[1] == unknown
    assert work(job, child, parents[0].sentence, pages=[child.page])[1] == unknown
    shown_only = [place.page for place in parents]
    assert work(job, child, "", pages=[child.page, *shown_only])[1] == unknown


def test_a_worker_without_its_page_searches_at_most_twice():
    job = ResearchJob(seed=5)
    child = next(place for place in job.places if place.level == 1)
    parent = next(place for place in job.places if place.id == child.depends_on[0])
    assert work(job, child, "", [SEARCH, *TOOLS]) == ("search", {"query": child.goal})
    assert work(job, child, parent.sentence, [SEARCH, *TOOLS]) == ("search", {"query": child.name})
    assert work(job, child, parent.sentence, [SEARCH, *TOOLS], results=2)[0] == "submit_digest"


def test_tools_told_in_words_are_called_in_words():
    job = ResearchJob(seed=5)
    prompt = f"Use submit_digest.\n{job.places[0].goal}\n{job.places[0].page}"
    text = job.script(ChatRequest("worker", [{"role": "user", "content": prompt}])).text
    said = json.loads(text)
    assert said["tool"] == "submit_digest"
    assert said["arguments"]["claims"][0]["value"] == str(job.places[0].value)


def test_timing_is_known_beforehand():
    job = ResearchJob(seed=5, planner=Timing(1.0, 60.0), worker_s=(1.0, 4.0), writer=Timing(total_s=2.0))
    place = job.places[-1]
    request = ChatRequest("worker", [{"role": "user", "content": place.goal}], tools=TOOLS)
    assert job.script(request).total_s == job.durations_s[place.id]
    assert 4.0 <= job.critical_path_s <= 16.0
    assert max(job.durations_s.values()) <= 4.0
    planner = job.script(ChatRequest("planner", [{"role": "user", "content": "plan"}]))
    assert (planner.first_token_s, planner.tokens_per_s) == (1.0, 60.0)
    script = research_script(seed=5, planner={"first_token_s": 1.0, "tokens_per_s": 60.0})
    assert script(ChatRequest("planner", [{"role": "user", "content": "plan"}])) == planner


def test_what_is_no_part_of_the_job_is_refused():
    job = ResearchJob()
    with pytest.raises(ValueError, match="no role"):
        job.script(ChatRequest("judge", [{"role": "user", "content": "judge"}]))
    with pytest.raises(ValueError, match="no subtask"):
        job.script(ChatRequest("worker", [{"role": "user", "content": "Find what Nowhere holds."}]))
    with pytest.raises(ValueError, match="levels"):
        ResearchJob(subtasks=3, levels=4)
