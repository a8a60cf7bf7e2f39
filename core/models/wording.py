"""Words in place of features: for endpoints that take neither structured output nor tools, the prompt asks instead.

In go messages and schemas, out come messages; replies are read back by `structured`. The wording lives in `prompts/`.
Law: the constant words come first (in the system message), so that prefix caches hit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from .base import Message, OutputSchema, ToolSchema


def ask_for_output(messages: Sequence[Message], output: OutputSchema) -> list[Message]:
    """`messages`, with the form of the answer told in the system message."""
    schema = json.dumps(output.json_schema, ensure_ascii=False, separators=(",", ":"))
    return with_instruction(messages, _prompt("structured").format(name=output.name, schema=schema))


def ask_for_tools(messages: Sequence[Message], tools: Sequence[ToolSchema], tool_choice: str | None) -> list[Message]:
    """`messages`, with the tools told in the system message, and earlier tool calls and results as plain text."""
    functions = [tool.get("function", tool) for tool in tools]
    described = "\n".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in functions)
    words = _prompt("tools").format(tools=described, rule=_rule(tool_choice))
    return with_instruction([_plain(message) for message in messages], words)


def with_instruction(messages: Iterable[Message], words: str) -> list[Message]:
    """`messages`, with `words` at the end of the system message, or as one when there is none."""
    kept = list(messages)
    if kept and kept[0].get("role") in ("system", "developer"):
        return [{**kept[0], "content": f"{text_of(kept[0])}\n\n{words}"}, *kept[1:]]
    return [{"role": "system", "content": words}, *kept]


def text_of(message: Message) -> str:
    """A message's text, also when its content is a list of parts."""
    content = message.get("content")
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _rule(tool_choice: str | None) -> str:
    if tool_choice in (None, "auto"):
        return "Or answer in plain words when no tool is needed."
    if tool_choice == "none":
        return "Use none of them now: answer in plain words."
    return "Use one now." if tool_choice == "required" else f"Use `{tool_choice}` now."


def _plain(message: Message) -> Message:
    if message.get("role") == "tool":
        return {"role": "user", "content": f"Result of the tool:\n{text_of(message)}"}
    calls = message.get("tool_calls")
    if not calls:
        return message
    lines = [text_of(message)] if text_of(message) else []
    for call in calls:
        function = call.get("function", {})
        lines.append(f'{{"tool": {json.dumps(function.get("name"))}, "arguments": {function.get("arguments")}}}')
    return {"role": "assistant", "content": "\n".join(lines)}


@cache
def _prompt(name: str) -> str:
    return (Path(__file__).parent / "prompts" / f"{name}.md").read_text(encoding="utf-8").strip()
