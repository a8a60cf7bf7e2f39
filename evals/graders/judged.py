"""What score_model and label_model share: messages with templates go to a judge, its answer becomes a reward.

Laws: an answer in another form, a number out of range and a label that is not on the list are a reward of 0 with the
reason, never mended; so is an answer without this case's mark, which no output can know, so that a verdict an output
wrote does not count when the judge quotes it. Only the first `MAX_JUDGED_CHARS` characters of each value are shown, and
the grade's errors say so. Tokens are counted also when the answer was of no use.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...core.models.base import Message, OutputSchema
from ...core.models.found_json import parse_object
from .base import Grade, GradingFault, Item, Judge, Judgement, Question, Sample, bounded
from .prompts import load_prompt
from .spec import JudgeMessage, SamplingParams
from .template import Template, template

MAX_JUDGED_CHARS = 60_000
MAX_REASON_CHARS = 2_000

Verdict: TypeAlias = Callable[[dict[str, Any]], float]
"""The reward that a judge's answer stands for; `GradingFault` when it stands for none."""


@dataclass(frozen=True)
class Judged:
    """A grader that asks a judge."""

    name: str
    messages: tuple[tuple[str, Template], ...]
    output: OutputSchema
    verdict: Verdict
    sampling: SamplingParams
    judge: Judge

    async def grade(self, item: Item, sample: Sample) -> Grade:
        """The judge's verdict on one output.

        Raises:
            ForeplanError: when the judge cannot be reached or the budget is spent; that says nothing of the output.
        """
        began, tokens, notes, reward = time.perf_counter(), 0, list[str](), 0.0
        try:
            messages, left_out = self._filled(item, sample)
            if left_out:
                notes.append(f"{left_out:,} characters were not shown to the judge")
            mark = case_mark(message["content"] for message in messages)
            judgement = await self.judge(self._question(messages, mark))
            tokens = judgement.tokens
            reward = bounded(self.verdict(own_answer(judgement, mark)))
        except GradingFault as fault:
            notes.append(str(fault))
        errors = tuple(f"{self.name}: {note}" for note in notes)
        return Grade(reward=reward, errors=errors, seconds=time.perf_counter() - began, tokens=tokens)

    def _filled(self, item: Item, sample: Sample) -> tuple[list[Message], int]:
        filled = [(role, *text.fill_cut(item, sample, MAX_JUDGED_CHARS)) for role, text in self.messages]
        messages = [{"role": role, "content": sendable(text)} for role, text, _ in filled]
        return messages, sum(left_out for *_, left_out in filled)

    def _question(self, messages: Sequence[Message], mark: str) -> Question:
        """The messages behind the rules of judging, which join a first system message: endpoints take only one."""
        rules, rest = [load_prompt("judge")], list(messages)
        if rest[0]["role"] == "system":
            rules.append(rest.pop(0)["content"])
        return Question(
            ({"role": "system", "content": "\n\n".join([*rules, told_mark(mark)])}, *rest),
            self.output,
            effort=self.sampling.reasoning_effort,
            temperature=self.sampling.temperature,
            seed=self.sampling.seed,
            max_completion_tokens=self.sampling.max_completion_tokens,
        )


def judge_templates(messages: Sequence[JudgeMessage]) -> tuple[tuple[str, Template], ...]:
    """The messages with their templates read; `developer` is what other endpoints call `system`.

    Raises:
        ValueError: when a template has a placeholder that is not known.
    """
    return tuple(("system" if each.role == "developer" else each.role, template(each.text)) for each in messages)


def verdict_schema(name: str, field: str, form: dict[str, Any]) -> OutputSchema:
    """The form of a judge's answer: its case's mark, then the reason, so that the verdict follows from it."""
    texts = {"case": {"type": "string", "maxLength": 40}, "reason": {"type": "string", "maxLength": MAX_REASON_CHARS}}
    properties = {**texts, field: form}
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return OutputSchema(name, schema)


def case_mark(texts: Iterable[str]) -> str:
    """A mark that follows from all that is shown, so that nothing that is shown can hold it."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def told_mark(mark: str) -> str:
    """The words that ask for the mark; they come last, so that what stands before them is the same in every case."""
    return f'This is case {mark}: put "{mark}" in the field "case".'


def own_answer(judgement: Judgement, mark: str) -> dict[str, Any]:
    """The object that the judge answered with.

    Raises:
        GradingFault: when there is none, or it is not marked.
    """
    found = parse_object(judgement.text.strip())
    if found is None:
        raise GradingFault("the judge's answer is not the JSON object it was asked for")
    if found.get("case") != mark:
        raise GradingFault("the judge's answer does not name its case, so it may be quoted from the output")
    return found


def sendable(text: str) -> str:
    """The text without lone surrogates, which no endpoint takes."""
    return text.encode("utf-8", "replace").decode()
