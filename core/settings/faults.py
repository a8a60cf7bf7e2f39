"""Wrong settings, said so that a person can mend them: pydantic's faults in, one `SettingsError` out.

The error names each key as the user wrote it (a key of the file, a variable, a flag) and, for an unknown key, the
known one nearest to it. Values are never repeated: they may be secrets.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ..errors import SettingsError
from .shape import NAME_PATTERN, URL_PATTERN

ENV_PREFIX = "FOREPLAN_"
MAX_FAULTS_SHOWN = 6

_PATTERNS = {
    URL_PATTERN: "it has to be a URL that begins with http:// or https://",
    NAME_PATTERN: "a name has small letters, digits, - and _ only, and begins with a letter or digit",
}


@dataclass(frozen=True)
class Given:
    """What each source gave, so that a fault can be traced to it."""

    flags: Mapping[str, Any]
    variables: Mapping[str, Any]
    file: Mapping[str, Any]
    file_name: str
    flag_names: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def flag(self, path: tuple[str, ...]) -> str | None:
        """The flag that gave this key, such as `--budget` for `limits.tokens`; None when no flag did."""
        return self.flag_names.get(path) if _has(self.flags, path) else None

    def where(self, path: tuple[str, ...]) -> str:
        """The place a key came from, in words, the strongest source first."""
        if _has(self.flags, path):
            return "the command line"
        if _has(self.variables, path):
            return f"the variable {variable_name(path)}"
        return self.file_name


def variable_name(path: tuple[str, ...]) -> str:
    """The environment variable of a key: `("worker", "model")` is `FOREPLAN_WORKER__MODEL`."""
    return ENV_PREFIX + "__".join(path).upper()


def settings_error(error: ValidationError, root: type[BaseModel], given: Given) -> SettingsError:
    """One error that names every fault, where it is, and what would be right."""
    faults = [_sentence(fault, root, given) for fault in error.errors(include_input=False, include_url=False)]
    shown = faults[:MAX_FAULTS_SHOWN]
    if len(faults) > len(shown):
        shown.append(f"and {len(faults) - len(shown)} more")
    hint = "See foreplan run --help." if _only_flags(error, given) else "All keys are listed in docs/configuration.md."
    return SettingsError("; ".join(shown) + ".", hint=hint)


def nearest(word: str, known: list[str]) -> str | None:
    """The known word most like this one, or None when none is like it."""
    found = difflib.get_close_matches(word[:100].lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


def table_at(root: type[BaseModel], path: tuple[str, ...]) -> type[BaseModel] | None:
    """The model whose fields are the keys under `path`, or None when there is no such table."""
    table: type[BaseModel] | None = root
    for step, name in enumerate(path):
        field = table.model_fields.get(name) if table else None
        if field is None:
            return None
        found = _models_in(field.annotation)
        if not found:
            return None
        table = found[0]
        if _is_named(field.annotation) and step + 1 < len(path):
            return table_at(table, path[step + 2 :])
    return table


def _sentence(fault: Any, root: type[BaseModel], given: Given) -> str:
    path = tuple(str(part) for part in fault["loc"])
    key = ".".join(path)[:200]
    where = given.where(path)
    if fault["type"] != "extra_forbidden":
        return f"{given.flag(path) or f'`{key}` in {where}'}: {_in_words(fault)}"
    table = table_at(root, path[:-1])
    guess = nearest(path[-1], list(table.model_fields)) if table else None
    advice = f" (did you mean `{guess}`?)" if guess else _known(table)
    return f"unknown key `{key}` in {where}{advice}"


def _only_flags(error: ValidationError, given: Given) -> bool:
    return all(given.flag(tuple(map(str, fault["loc"]))) for fault in error.errors(include_input=False))


def _in_words(fault: Any) -> str:
    """What is wrong, without pydantic's terms where a person would not know them."""
    if fault["type"] == "string_pattern_mismatch":
        pattern = fault["ctx"]["pattern"]
        return _PATTERNS.get(pattern, f"it has to match {pattern}")
    message = str(fault["msg"])
    return message[:1].lower() + message[1:]


def _known(table: type[BaseModel] | None) -> str:
    return f" (known here: {', '.join(table.model_fields)})" if table else ""


def _has(data: Any, path: tuple[str, ...]) -> bool:
    for part in path:
        if not isinstance(data, Mapping) or part not in data:
            return False
        data = data[part]
    return True


def _is_named(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is dict


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
