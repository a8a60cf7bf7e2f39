"""Templates of grader files: a text with `{{…}}` goes in once, an item and a sample many times, plain texts come out.

`{{item.a.b}}`, `{{item.list[0].x}}`, `{{sample.output_text}}`, `{{sample.output_json.x}}` and
`{{sample.output_tools[0].x}}`.

Laws: only the template's own placeholders are filled, once and from left to right, so that a placeholder, a brace or an
instruction in an output stays the text it is. A placeholder that is not understood is refused when the template is
made; one without a value is a `GradingFault`, never an empty text that might match another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from .base import GradingFault, Item, Sample

MAX_CHARS = 20_000_000
"""A filled template may be this long: two of the largest outputs that are graded."""

_PLACEHOLDER = re.compile(r"\{\{(.{0,500}?)\}\}", re.DOTALL)
_PATH = re.compile(r"(item|sample)((?:\.[^\W\d][\w-]*|\[\d{1,6}\])+)")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")
_SAMPLE_PARTS = ("output_text", "output_json", "output_tools")

_Step: TypeAlias = str | int


class _Place(NamedTuple):
    written: str
    root: str
    steps: tuple[_Step, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A text whose placeholders are known. Make one with `template`."""

    parts: tuple[str | _Place, ...]

    def fill(self, item: Item, sample: Sample) -> str:
        """The text for one item and one output.

        Raises:
            GradingFault: when a placeholder has no value there, or the text becomes too long.
        """
        texts = [part if isinstance(part, str) else _shown(_value(part, item, sample)) for part in self.parts]
        if sum(map(len, texts)) > MAX_CHARS:
            raise GradingFault(f"a filled template is longer than {MAX_CHARS:,} characters")
        return "".join(texts)

    def fill_cut(self, item: Item, sample: Sample, longest: int) -> tuple[str, int]:
        """The text with each value cut after `longest` characters, and how many characters were left out of it.

        Raises:
            GradingFault: when a placeholder has no value there.
        """
        texts, left_out = [], 0
        for part in self.parts:
            text = part if isinstance(part, str) else _shown(_value(part, item, sample))
            over = max(0, len(text) - longest) if isinstance(part, _Place) else 0
            texts.append(f"{text[:longest]}\n[{over:,} more characters]" if over else text)
            left_out += over
        return "".join(texts), left_out


def template(text: str) -> Template:
    """The template that `text` is.

    Raises:
        ValueError: when a placeholder is not one of this program's; the message shows it.
    """
    parts: list[str | _Place] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [text[end : found.start()], _place(found[1].strip())]
        end = found.end()
    parts.append(text[end:])
    return Template(tuple(part for part in parts if part) or ("",))


def output_json(sample: Sample) -> Any:
    """The output as JSON data.

    Raises:
        GradingFault: when it is no JSON, or nested deeper than Python follows.
    """
    return sample.data if sample.data is not None else _parsed(sample.text)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Any:
    """Kept for a few outputs, since all placeholders of a grader ask for the same one."""
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise GradingFault("the output is not JSON") from None


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _place(written: str) -> _Place:
    path = _PATH.fullmatch(written)
    if path is None:
        raise ValueError(f"{{{{{written[:80]}}}}} is not a placeholder: write {{{{item.…}}}} or {{{{sample.…}}}}")
    steps = tuple(name or int(index) for name, index in _STEP.findall(path[2]))
    if path[1] == "sample" and steps[0] not in _SAMPLE_PARTS:
        raise ValueError(f"{{{{{written[:80]}}}}} is not known: a sample has {', '.join(_SAMPLE_PARTS)}")
    return _Place(written, path[1], steps)


def _value(place: _Place, item: Item, sample: Sample) -> Any:
    if place.root == "item":
        return _walk(item, place.steps, place)
    match place.steps[0]:
        case "output_text":
            return _walk(sample.text, place.steps[1:], place)
        case "output_json":
            return _walk(output_json(sample), place.steps[1:], place)
        case _:
            return _walk(sample.tools, place.steps[1:], place)


def _walk(value: Any, steps: tuple[_Step, ...], place: _Place) -> Any:
    for step in steps:
        if not _has(value, step):
            raise GradingFault(f"{{{{{place.written}}}}} has no value")
        value = value[step]
    return value


def _has(value: Any, step: _Step) -> bool:
    if isinstance(step, str):
        return isinstance(value, Mapping) and step in value
    return isinstance(value, Sequence) and not isinstance(value, str) and step < len(value)


def _shown(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise GradingFault(f"a value of type {type(value).__name__} cannot be written as JSON") from None
