"""From a script's answer to what is said: an `Answer`, its request and a fault go in, a `Speech` comes out.

Laws: a speech never counts more completion tokens than the request allows (it is cut, and ends with `length`);
usage is counted by the kit's rule unless the answer says otherwise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from ..usage import Usage
from .chat import Answer, ChatRequest
from .faults import Fault
from .tokens import count_tokens, cut

OTHER_SHAPE = '{"unexpected": true}'
REFUSAL = "I'm sorry, but I can't help with that."


@dataclass(frozen=True, slots=True)
class Speech:
    """What the model says, ready for the wire: thinking, then text or tool calls (name, raw arguments)."""

    reasoning: str = ""
    text: str = ""
    tool_calls: tuple[tuple[str, str], ...] = ()
    refusal: str = ""
    finish_reason: str = "stop"

    @property
    def reasoning_tokens(self) -> int:
        """Tokens of the thinking."""
        return count_tokens(self.reasoning)

    @property
    def tokens(self) -> int:
        """Completion tokens: thinking, text, refusal, and names and arguments of tool calls."""
        calls = sum(count_tokens(name) + count_tokens(arguments) for name, arguments in self.tool_calls)
        return self.reasoning_tokens + count_tokens(self.text) + count_tokens(self.refusal) + calls

    def cut(self, tokens: int) -> Speech:
        """The beginning of this speech that counts at most `tokens`; whole speeches stay as they are."""
        if self.tokens <= tokens:
            return self
        reasoning = cut(self.reasoning, tokens)
        left = tokens - count_tokens(reasoning)
        text, refusal = cut(self.text, left), cut(self.refusal, left)
        left -= count_tokens(text) + count_tokens(refusal)
        calls: list[tuple[str, str]] = []
        for name, arguments in self.tool_calls:
            left -= count_tokens(name)
            if left < 0:
                break
            calls.append((name, cut(arguments, left)))
            left -= count_tokens(calls[-1][1])
        return Speech(reasoning, text, tuple(calls), refusal, "length")


def speak(answer: Answer, request: ChatRequest, fault: Fault | None = None) -> Speech:
    """What is said to `request`: the answer in the form asked for, with what `fault` does to the words."""
    speech = _formed(answer, request)
    if fault is not None:
        speech = _spoilt(speech, fault)
    if request.max_completion_tokens is not None:
        speech = speech.cut(request.max_completion_tokens)
    return speech


def usage_of(answer: Answer, speech: Speech, prompt_tokens: int, cached_tokens: int) -> Usage:
    """The true usage of a whole speech."""
    return answer.usage or Usage(prompt_tokens, cached_tokens, speech.tokens, speech.reasoning_tokens)


def _formed(answer: Answer, request: ChatRequest) -> Speech:
    text, calls = answer.text, [(name, _raw(arguments)) for name, arguments in answer.tool_calls]
    if answer.json is not None:
        forced = request.forced_tool
        text, calls = (answer.text, [*calls, (forced, _raw(answer.json))]) if forced else (_raw(answer.json), calls)
    reason = answer.finish_reason or ("tool_calls" if calls else "stop")
    return Speech(answer.reasoning, text, tuple(calls), finish_reason=reason)


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _spoilt(speech: Speech, fault: Fault) -> Speech:
    kind = fault.kind
    if kind == "malformed_answer":
        return _reworded(speech, lambda words: words[: len(words) * 2 // 3].rstrip("}] \n") + ',"')
    if kind == "wrong_schema":
        return _reworded(speech, lambda words: OTHER_SHAPE)
    if kind == "refusal":
        return Speech(speech.reasoning, refusal=REFUSAL)
    if kind in ("length", "content_filter"):
        half = speech.cut(speech.tokens // 2)
        return replace(half, finish_reason=kind)
    return speech


def _reworded(speech: Speech, change: Any) -> Speech:
    calls = tuple((name, change(arguments)) for name, arguments in speech.tool_calls)
    return replace(speech, text=change(speech.text) if speech.text or not calls else "", tool_calls=calls)
