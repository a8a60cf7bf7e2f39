"""JSONL in TRL's forms goes in, checked rows come out. A file is hostile until it was read.

The forms: `prompt` and `completion` (SFT); `prompt`, `chosen` and `rejected` (DPO); `prompt`, `completion` and `label`
(KTO). Each of them is text, or a list of chat messages. Further columns are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import RecipeError

_MAX_LINE_BYTES = 20_000_000
_Text = Annotated[str, Field(max_length=2_000_000)]


class ChatMessage(BaseModel):
    """One message of a row."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    role: Annotated[str, Field(pattern="^(system|developer|user|assistant)$")]
    content: _Text


_Said = Annotated[_Text | Annotated[list[ChatMessage], Field(min_length=1, max_length=1_000)], Field()]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class SftRow(_Row):
    """A plan to imitate."""

    prompt: _Said
    completion: _Said


class DpoRow(_Row):
    """Two plans, of which one is better."""

    prompt: _Said
    chosen: _Said
    rejected: _Said


class KtoRow(_Row):
    """A plan, and whether it is good."""

    prompt: _Said
    completion: _Said
    label: bool


FORMS: dict[str, type[_Row]] = {"sft": SftRow, "dpo": DpoRow, "kto": KtoRow}


def read_rows_file(path: Path, form: str) -> Iterator[dict[str, Any]]:
    """The rows of a file, one after the other.

    Raises:
        RecipeError: when it cannot be read, or a line is no row of this form; it names the line.
    """
    kind = FORMS[form]
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE_BYTES + 1), b""), 1):
                if line.strip():
                    yield _row(kind, line, f"{path}, line {number}")
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}.", hint="Check its name.") from error


def _row(kind: type[_Row], line: bytes, where: str) -> dict[str, Any]:
    if len(line) > _MAX_LINE_BYTES:
        raise RecipeError(f"{where} is longer than {_MAX_LINE_BYTES} bytes.", hint="Leave out that row.")
    try:
        # The text has to be one that can be tokenised: a lone surrogate cannot.
        data = json.loads(line.decode("utf-8"))
        json.dumps(data, ensure_ascii=False).encode("utf-8")
        return kind.model_validate(data).model_dump()
    except (ValueError, RecursionError) as error:
        said = _first_fault(error) if isinstance(error, ValidationError) else str(error)
        wanted = ", ".join(kind.model_fields)
        raise RecipeError(
            f"{where} is no row of this form: {said[:200]}.", hint=f"A row is a JSON object with {wanted}."
        ) from error


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc'][:1]))}: {fault['msg']}"
