"""A grader from its JSON: a mapping or a file goes in, a `Grader` or a `GraderError` that names the place comes out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from ..errors import GraderError
from .base import Embed, Grader, Judge
from .label_model import label_model
from .multi import MAX_DEPTH, multi
from .python_grader import python_grader
from .score_model import score_model
from .spec import (
    LabelModelSpec,
    MultiSpec,
    PythonSpec,
    ScoreModelSpec,
    Spec,
    StringCheckSpec,
    TextSimilaritySpec,
)
from .string_check import string_check
from .text_similarity import text_similarity

MAX_FILE_BYTES = 4_000_000
_MAX_FAULTS = 5
_WANTS_JUDGE = "Configure a model (`foreplan doctor` tells how), or in Python pass judge= to grader_from."

_SPEC: TypeAdapter[Spec] = TypeAdapter(Spec)
_KINDS = frozenset({"string_check", "text_similarity", "score_model", "label_model", "python", "multi"})
_Place: TypeAlias = tuple[str, ...]


def grader_from(
    spec: Mapping[str, Any] | str | os.PathLike[str], *, judge: Judge | None = None, embed: Embed | None = None
) -> Grader:
    """The grader that `spec`, in the OpenAI grader JSON, describes.

    Args:
        spec: the object itself, or a path of a JSON file.
        judge: asked by score_model and label_model, whatever model the file names.
        embed: gives the vectors of the metric cosine.

    Raises:
        GraderError: when the file cannot be read, says something that is not understood, or needs a judge, an embedder
            or data that is not there. The message names the place, such as `graders.style.input`.
        MissingExtra: when a metric's library is not installed.
    """
    if isinstance(spec, Mapping):
        return _Builder("The grader", judge, embed).build(_checked(spec, "The grader"), ())
    title = f"The grader file {os.fspath(spec)}"
    return _Builder(title, judge, embed).build(_checked(_read(Path(spec), title), title), ())


class _Builder:
    """Makes graders of checked specs; what goes wrong is named with the place in the file."""

    def __init__(self, title: str, judge: Judge | None, embed: Embed | None) -> None:
        self._title, self._judge, self._embed = title, judge, embed

    def build(self, spec: Spec, place: _Place) -> Grader:
        try:
            return self._made(spec, place)
        except ValueError as fault:
            raise self._wrong(place, str(fault)) from fault

    def _made(self, spec: Spec, place: _Place) -> Grader:
        match spec:
            case StringCheckSpec():
                return string_check(spec)
            case TextSimilaritySpec():
                return self._similarity(spec, place)
            case ScoreModelSpec():
                return score_model(spec, self._asked(spec.type, place))
            case LabelModelSpec():
                return label_model(spec, self._asked(spec.type, place))
            case PythonSpec():
                return python_grader(spec)
            case MultiSpec():
                parts = {name: self.build(part, (*place, "graders", name)) for name, part in spec.graders.items()}
                return multi(spec.name, parts, spec.calculate_output)

    def _similarity(self, spec: TextSimilaritySpec, place: _Place) -> Grader:
        try:
            return text_similarity(spec, embed=self._embed)
        except GraderError as error:
            raise self._wrong((*place, "evaluation_metric"), error.message, error.hint) from error

    def _asked(self, kind: str, place: _Place) -> Judge:
        if self._judge is None:
            raise self._wrong(place, f"{kind} needs a judging model, and none was given", _WANTS_JUDGE)
        return self._judge

    def _wrong(self, place: _Place, words: str, hint: str = "") -> GraderError:
        return _wrong(self._title, [(place, words)], hint)


def _read(path: Path, title: str) -> Any:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _wrong(title, [((), f"it is larger than {MAX_FILE_BYTES:,} bytes")])
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _wrong(title, [((), error.strerror or type(error).__name__)], "Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise _wrong(title, [((), f"it is not JSON: {error}")]) from error


def _checked(raw: Any, title: str) -> Spec:
    if _too_deep(raw):
        raise _wrong(title, [(("graders",), f"multi graders may be nested {MAX_DEPTH} deep at most")])
    try:
        return _SPEC.validate_python(raw)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise _wrong(title, [(_where(each["loc"]), each["msg"]) for each in faults]) from None


def _too_deep(raw: Any, depth: int = 0) -> bool:
    """Whether multis are nested deeper than `MAX_DEPTH`; looks no deeper than that itself."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("graders"), Mapping):
        return False
    return depth >= MAX_DEPTH or any(_too_deep(part, depth + 1) for part in raw["graders"].values())


def _where(steps: tuple[str | int, ...]) -> _Place:
    """Pydantic's place without the kinds that it puts between: a kind follows a grader, never a field."""
    found: list[str] = []
    for step in steps:
        is_kind = step in _KINDS and (not found or (len(found) >= 2 and found[-2] == "graders"))
        if not is_kind:
            found.append(str(step))
    return tuple(found)


def _wrong(title: str, faults: list[tuple[_Place, str]], hint: str = "") -> GraderError:
    shown = [f"{'.'.join(place)}: {words}" if place else words for place, words in faults[:_MAX_FAULTS]]
    more = f" (and {len(faults) - _MAX_FAULTS} more)" if len(faults) > _MAX_FAULTS else ""
    text = "; ".join(line.replace("Value error, ", "") for line in shown)
    return GraderError(
        f"{title} cannot be used: {text.rstrip('.')}{more}.",
        hint=hint or "docs/graders.md shows each kind with an example.",
    )
