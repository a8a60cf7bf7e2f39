"""What the roles of a `ResearchJob` say: planner, worker and writer, told apart by the model's name.

The worker reads the tools' schemas as they come, and knows documents by the tags they are shown in, so that it goes on
working when prompts are reworded. What it hands in is made in one place, `Roles.submission`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .chat import Answer, ChatRequest
from .latency import Timing
from .places import Place

MAX_SEARCHES = 2

_GOAL = re.compile(r"Find what [^.\n]*\.")
_SHOWN = re.compile(r"<data\s[^>]*>.*?</data>", re.DOTALL)  # with a handle: instructions may speak of <data>
_HANDLE = re.compile(r"<data\s+(?:\w+=)?[\"']?([^\s\"'>]+)")
_CLAIM_LINE = re.compile(r"^\s*(?:[-*]\s+)?\[(\w+)\]\s+(\S.*?)\.?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Roles:
    """Speaks for all roles of one job."""

    places: tuple[Place, ...]
    plan: Mapping[str, Any]
    durations_s: Mapping[str, float]
    planner: Timing | None
    writer: Timing | None

    def say(self, request: ChatRequest) -> Answer:
        """The answer of the role that is asked.

        Raises:
            ValueError: when the model's name is of no role, or the prompt is about no subtask of the job.
        """
        if "planner" in request.model:
            return _timed(Answer(json=self.plan), self.planner)
        if "writer" in request.model:
            return _timed(Answer(text=report(request)), self.writer)
        if "worker" in request.model:
            return self._work(request)
        raise ValueError(f"the job has no role for a model named {request.model!r}")

    def place_of(self, prompt: str) -> Place:
        """The place whose subtask a prompt is about: of those whose goal stands in it, the last in plan order."""
        asked = [self._by_goal[goal] for goal in set(_GOAL.findall(prompt)) if goal in self._by_goal]
        if not asked:
            raise ValueError(f"the prompt is about no subtask of the job: {prompt[-200:]!r}")
        return self.places[max(asked)]

    def submission(self, place: Place, prompt: str) -> dict[str, Any]:
        """Arguments of `submit_digest`: the fact as a claim if `prompt` bears it out, else an open question."""
        at = prompt.find(place.sentence)
        if at < 0 or not self._knows_parents(place, prompt):
            return {"claims": [], "open_questions": [place.goal]}
        handles = _HANDLE.findall(prompt, 0, at)
        claim = {
            "text": place.sentence,
            "source": handles[-1] if handles else "",
            "quote": place.sentence,
            "kind": "fact",
            "value": str(place.value),
            "unit": place.unit,
            "confidence": 0.9,
        }
        return {"claims": [claim], "open_questions": []}

    @cached_property
    def _by_goal(self) -> dict[str, int]:
        return {place.goal: number for number, place in enumerate(self.places)}

    @cached_property
    def _values(self) -> dict[str, int]:
        return {place.id: place.value for place in self.places}

    def _work(self, request: ChatRequest) -> Answer:
        place = self.place_of(request.text)
        tool, arguments = self._next_step(place, request)
        total_s = self.durations_s.get(place.id)
        if tool in request.tool_names:
            return Answer(tool_calls=[(tool, arguments)], total_s=total_s)
        if request.json_schema is not None:
            return Answer(json=arguments, total_s=total_s)
        return Answer(text=json.dumps({"tool": tool, "arguments": arguments}), total_s=total_s)

    def _next_step(self, place: Place, request: ChatRequest) -> tuple[str, dict[str, Any]]:
        """Hand in when the page is there or was searched for enough, else search."""
        searched = sum(message.get("role") == "tool" for message in request.messages)
        search = next((name for name in request.tool_names if "search" in name), None)
        if place.sentence not in request.text and search is not None and searched < MAX_SEARCHES:
            words = place.name if place.name in request.text else place.goal
            return search, {_query_field(request.tool_parameters(search)): words}
        tool = next((name for name in request.tool_names if "submit" in name), "submit_digest")
        return tool, _fitting(self.submission(place, request.text), request.tool_parameters(tool))

    def _knows_parents(self, place: Place, prompt: str) -> bool:
        """Whether the values of all parents stand in the prompt outside of shown documents."""
        told = _SHOWN.sub(" ", prompt)
        return all(re.search(rf"\b{self._values[each]}\b", told) for each in place.depends_on)


def report(request: ChatRequest) -> str:
    """One sentence per claim that the prompt shows as `[id] text`, each followed by its id in brackets."""
    sentences = [f"{text} [{handle}]." for handle, text in _CLAIM_LINE.findall(request.text)]
    return "\n\n".join(sentences) or "Nothing was found."


def _query_field(parameters: Mapping[str, Any]) -> str:
    properties = parameters.get("properties")
    names = [
        name
        for name, schema in (properties if isinstance(properties, Mapping) else {}).items()
        if isinstance(schema, Mapping) and schema.get("type") == "string"
    ]
    return "query" if "query" in names or not names else str(names[0])


def _fitting(arguments: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without what the tool's schema does not know."""
    known = _properties(parameters, parameters)
    if not known:
        return arguments
    claim_schema = known.get("claims", {}).get("items", {}) if isinstance(known.get("claims"), Mapping) else {}
    claim_known = _properties(claim_schema, parameters)
    fitting = {name: value for name, value in arguments.items() if name in known}
    if claim_known and "claims" in fitting:
        fitting["claims"] = [
            {name: value for name, value in claim.items() if name in claim_known} for claim in fitting["claims"]
        ]
    return fitting


def _properties(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of an object's schema, also behind a local reference."""
    if isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        definitions = root.get("$defs")
        name = schema["$ref"].rpartition("/")[2]
        schema = definitions.get(name) if isinstance(definitions, Mapping) else None
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _timed(answer: Answer, timing: Timing | None) -> Answer:
    if timing is None:
        return answer
    return replace(answer, first_token_s=timing.first_token_s, tokens_per_s=timing.tokens_per_s, total_s=timing.total_s)
