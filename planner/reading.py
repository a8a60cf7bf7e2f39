"""Text or JSON values that nobody vouches for in; a plan's parts, or all their faults, out.

Files, models' whole answers and streamed items all come through here, so they are read alike. Whatever comes in, what
goes out are values, faults or `NotJson`: never another exception, and no work beyond the size of the input.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from .errors import Fault
from .plan import MAX_SUBTASKS, Plan, PlanHead, Subtask
from .validate import PlanCheck, PlanRules, check_plan

_MAX_ENTRIES = 64
"""Entries that any list or object below `subtasks` may have; more is refused before it is looked at."""

_Item = TypeVar("_Item", bound=BaseModel)


class NotJson(ValueError):
    """The text is not JSON, or is JSON that means different things to different readers."""


class JsonReader:
    """Reads JSON strictly but for raw line breaks in strings, which models write.

    Numbers that are none (`NaN`, `Infinity`) are refused. Keys that stand twice in one object are gathered in
    `duplicates`: which of the two values counts differs between readers.
    """

    def __init__(self) -> None:
        self.duplicates: list[str] = []
        self._decoder = json.JSONDecoder(
            strict=False, parse_constant=self._refuse_constant, object_pairs_hook=self._object
        )

    def read(self, text: str) -> Any:
        """The value that `text` is.

        Raises:
            NotJson: when it is none.
        """
        value, end = self.read_prefix(text, 0)
        if rest := text[end:].strip():
            raise NotJson(f"there is text after the end: {shortened(rest)}")
        return value

    def read_prefix(self, text: str, start: int) -> tuple[Any, int]:
        """The value that begins at or after `start`, and where it ends.

        Raises:
            NotJson: when there is none.
        """
        while start < len(text) and text[start] in " \t\r\n":
            start += 1
        try:
            return self._decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            raise NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
        except RecursionError as error:
            raise NotJson("it is nested too deeply") from error
        except ValueError as error:
            raise NotJson(str(error)) from error

    def faults(self) -> list[Fault]:
        """The duplicates, as faults."""
        return [Fault("", f"the key {shortened(key)} stands twice in one object") for key in self.duplicates]

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs) and len(self.duplicates) < _MAX_ENTRIES:
            counts = Counter(key for key, _ in pairs)
            self.duplicates.append(next(key for key, count in counts.items() if count > 1))
        return found

    def _refuse_constant(self, name: str) -> NoReturn:
        raise NotJson(f"{name} is not a JSON number")


def read_head(data: dict[str, Any]) -> PlanHead | list[Fault]:
    """The head that `data` (without `subtasks`) is, or its faults."""
    return _read(PlanHead, data, "")


def read_subtask(value: Any, at: int) -> Subtask | list[Fault]:
    """The subtask that `value` is, or its faults; `at` is its place in the plan."""
    return _read(Subtask, value, f"subtasks[{at}]")


def read_plan(data: Any, rules: PlanRules) -> Plan | list[Fault]:
    """The plan that `data` is, or all its faults: those of single values, and those between values that can be read."""
    if not isinstance(data, dict):
        return [Fault("", f"must be an object, not {_kind(data)}")]
    items = data.get("subtasks")
    head = read_head({key: value for key, value in data.items() if key != "subtasks"})
    if not isinstance(items, list):
        message = f"must be an array, not {_kind(items)}" if "subtasks" in data else "is missing"
        return [*(head if isinstance(head, list) else []), Fault("subtasks", message)]
    if len(items) > MAX_SUBTASKS:
        return [Fault("subtasks", f"has {len(items)} entries; at most {MAX_SUBTASKS} are allowed")]
    subtasks = [read_subtask(item, at) for at, item in enumerate(items)]
    readable = [each for each in subtasks if isinstance(each, Subtask)]
    if isinstance(head, PlanHead) and len(readable) == len(subtasks):
        plan = Plan(**dict(head), subtasks=tuple(readable))
        return check_plan(plan, rules) or plan
    return [*(head if isinstance(head, list) else []), *_check_readable(head, subtasks, items, rules)]


def shortened(text: str, limit: int = 80) -> str:
    """`text` in quotes, its middle left out when it is long, with nothing in it that a terminal would act on."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[-limit // 4 :]}"
    return ascii(text) if not text.isprintable() else repr(text)


def field_name(key: str) -> str:
    """A key as paths show it: in quotes when it is no plain name."""
    return key if key.isidentifier() and key.isascii() and len(key) <= 40 else shortened(key, 40)


def _check_readable(
    head: PlanHead | list[Fault], subtasks: Sequence[Subtask | list[Fault]], items: Sequence[Any], rules: PlanRules
) -> Iterator[Fault]:
    """Faults in plan order when some parts could not be read: theirs, and those between the others."""
    check = PlanCheck(rules, position={name: at for at, item in enumerate(items) if (name := _id_of(item)) is not None})
    if isinstance(head, PlanHead):
        yield from check.head(head)
    for item, subtask in zip(items, subtasks, strict=True):
        if isinstance(subtask, Subtask):
            yield from check.subtask(subtask)
        else:
            yield from subtask
            check.skip(_id_of(item))


def _id_of(item: Any) -> str | None:
    name = item.get("id") if isinstance(item, dict) else None
    return name if isinstance(name, str) else None


def _read(form: type[_Item], value: Any, path: str) -> _Item | list[Fault]:
    if not isinstance(value, dict):
        return [Fault(path, f"must be an object, not {_kind(value)}")]
    for name, part in (("", value), *value.items()):
        if isinstance(part, dict | list) and len(part) > _MAX_ENTRIES:
            return [Fault(_join(path, (name,) if name else ()), f"has {len(part)} entries; that is too many")]
    try:
        return form.model_validate(value)
    except ValidationError as error:
        return [
            Fault(_join(path, each["loc"]), each["msg"][0].lower() + each["msg"][1:])
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]


def _join(path: str, location: Sequence[int | str]) -> str:
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{field_name(part)}" if path else field_name(part)
    return path


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
