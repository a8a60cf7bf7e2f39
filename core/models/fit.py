"""Fitting: a request as a caller means it goes in, the request as the endpoint takes it comes out.

Laws: nothing that a quirk forbids is sent; the words of every message are kept; text is valid UTF-8 on the wire, also
when it came from a document or a model that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .base import Message, Request
from .quirks import Quirks
from .structured import Way, ask
from .wording import text_of


def fit(request: Request, way: Way, quirks: Quirks) -> Request:
    """`request` with its output asked for by `way`, and with everything dropped or reworded that `quirks` forbid."""
    request = ask(request, way, quirks)
    messages = request.messages if quirks.system_message else without_system(request.messages)
    return replace(
        request,
        messages=[clean(message) for message in messages],
        tool_choice=_tool_choice(request, quirks),
        effort=request.effort if quirks.reasoning_effort else None,
        seed=request.seed if quirks.seed else None,
        temperature=request.temperature if quirks.temperature else None,
        max_tokens_field=quirks.max_tokens_field,
        stream_usage=quirks.stream_usage,
    )


def without_system(messages: Sequence[Message]) -> list[Message]:
    """`messages` with the text of system messages at the beginning of the first user message."""
    system = [text_of(each) for each in messages if each.get("role") in ("system", "developer")]
    rest = [each for each in messages if each.get("role") not in ("system", "developer")]
    if not system:
        return rest
    first = next((place for place, each in enumerate(rest) if each.get("role") == "user"), None)
    if first is None:
        return [{"role": "user", "content": "\n\n".join(system)}, *rest]
    merged = {**rest[first], "content": "\n\n".join([*system, text_of(rest[first])])}
    return [*rest[:first], merged, *rest[first + 1 :]]


def clean(value: Any) -> Any:
    """`value` with lone surrogates, which UTF-8 cannot carry, replaced by question marks, at any depth."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: clean(each) for key, each in value.items()}
    return [clean(each) for each in value] if isinstance(value, (list, tuple)) else value


def _tool_choice(request: Request, quirks: Quirks) -> str | None:
    if not request.tools:
        return None
    forced = request.tool_choice not in (None, "auto", "none")
    return "auto" if forced and not quirks.tool_choice_required else request.tool_choice
