"""Quirks: what an endpoint takes and what it refuses, as data. A model's name and host go in, `Quirks` come out.

Law: what the user sets wins over what is known of a model, and that wins over the defaults.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from .base import StructuredMode

OPENAI_HOST = "api.openai.com"
OPENAI_URL = f"https://{OPENAI_HOST}/v1"


class Quirks(BaseModel):
    """What one endpoint takes with one model.

    Attributes:
        system_message: messages of role system; without it their text opens the first user message.
        reasoning_effort: the `reasoning_effort` parameter. It also says that the model may think unseen.
        structured: how an answer's form is asked for; None finds out at the first call and remembers.
        tools: tool calls; without them tools are described in the prompt and calls are read from the text.
        tool_choice_required: `tool_choice` "required" or naming one tool; without it "auto" is sent.
        schema_bounds: lengths, ranges and patterns in schemas; dropped before sending when refused.
        max_tokens_field: the parameter that limits an answer.
        seed: the `seed` parameter.
        temperature: the `temperature` parameter.
        stream: answers in pieces; without them a stream is one whole answer.
        stream_usage: `stream_options`, which asks for usage at the end of a stream.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system_message: bool = True
    reasoning_effort: bool = False
    structured: StructuredMode | None = None
    tools: bool = True
    tool_choice_required: bool = True
    schema_bounds: bool = True
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    seed: bool = True
    temperature: bool = True
    stream: bool = True
    stream_usage: bool = True

    def overlaid(self, other: Quirks) -> Quirks:
        """These quirks, with every field that was set in `other` taken from there."""
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})


class Known(NamedTuple):
    """A line of the table: models whose name, or endpoints whose host, match the patterns have these quirks."""

    model: str
    host: str
    quirks: Quirks


_REASONING = Quirks(reasoning_effort=True, temperature=False)

KNOWN: tuple[Known, ...] = (
    # Later lines overlay earlier ones, field by field.
    Known(r".", r"(^|\.)openai\.(com|azure\.com)$", Quirks(structured="json_schema", schema_bounds=False)),
    Known(r".", r"(^|\.)deepseek\.com$", Quirks(structured="tool", max_tokens_field="max_tokens", seed=False)),
    Known(r".", r"(^|\.)mistral\.ai$", Quirks(max_tokens_field="max_tokens", seed=False, schema_bounds=False)),
    Known(r"^(o[1-9]|gpt-[5-9])", r"", _REASONING),
    Known(r"^gpt-5[\w.]*-chat", r"", Quirks(reasoning_effort=False, temperature=True)),
    Known(r"^gpt-oss", r"", Quirks(reasoning_effort=True)),
    Known(
        r"^o1-(mini|preview)",
        r"",
        Quirks(system_message=False, reasoning_effort=False, structured="prompt", tools=False),
    ),
    Known(r"^(gpt-3\.5|gpt-4(-turbo|-\d|$)|gpt-4o-2024-05-13)", r"", Quirks(structured="tool")),
)


def known_quirks(model: str, base_url: str | None = None) -> Quirks:
    """What is known of `model` at `base_url` (None: OpenAI's own); the defaults for everything else.

    A vendor's prefix (`openai/o3`) and letter case are ignored.
    """
    name = model.rsplit("/", 1)[-1].lower()
    host = (urlsplit(base_url or OPENAI_URL).hostname or "").lower()
    quirks = Quirks()
    for line in KNOWN:
        if re.search(line.model, name) and re.search(line.host, host):
            quirks = quirks.overlaid(line.quirks)
    return quirks


_LEARNED: dict[str, Quirks] = {
    "system_message": Quirks(system_message=False),
    "reasoning_effort": Quirks(reasoning_effort=False),
    "tool_choice": Quirks(tool_choice_required=False),
    "tools": Quirks(tools=False),
    "max_tokens": Quirks(max_tokens_field="max_completion_tokens"),
    "max_completion_tokens": Quirks(max_tokens_field="max_tokens"),
    "seed": Quirks(seed=False),
    "temperature": Quirks(temperature=False),
    "stream": Quirks(stream=False),
    "stream_options": Quirks(stream_usage=False),
}


def learned_quirks(feature: str, present: Quirks, *, settled: Quirks) -> Quirks | None:
    """The quirks to go on with once an endpoint has refused `feature`; None when there is nothing to learn from it.

    Args:
        feature: what was refused, as `UnsupportedFeature.feature` has it.
        present: the quirks that the refused request was made with.
        settled: what the user set; that is never changed.
    """
    learned = _LEARNED.get(feature)
    if learned is None or learned.model_fields_set & settled.model_fields_set:
        return None
    changed = present.overlaid(learned)
    return None if changed == present else changed
