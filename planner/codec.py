r"""The compact form of a plan: a line per subtask, for small trained planners and cheap plan tokens.

::

    plan||Compare the two dates.|80
    born|r|When was A born?|A date with its source|s||m1f|90 13 21|23
    died<born|r|When did A die?|A date|p|fast|l3v|75 13 21|30
    end

The first line holds mode, answer, synthesis and success; a subtask's columns are id`<`dependencies, kind, goal,
done_when, on_missing, worker, effort with attempts and select, forecast, budget. The last line is `end`, so that cut
text is not taken for whole. In answer and worker an empty column is null and `\0` an empty text; `\|`, `\n`, `\r` and
`\\` are escapes everywhere.

Numbers are rounded to the grid of `grid.py`; tokens are written as the two digits of their grid point. Laws:
`decode(encode(p)) == on_grid(p)`, and `encode(decode(t)) == t` for every text that decodes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import TypeVar

from pydantic import ValidationError

from .errors import CodecError
from .grid import TOKEN_GRID, floor_tokens, nearest_tokens, percent
from .plan import MAX_SUBTASKS, Plan, Subtask
from .reading import shortened

_KINDS = {"r": "research", "t": "reason", "c": "compute", "w": "write", "k": "check"}
_ON_MISSING = {"s": "skip", "p": "partial"}
_EFFORTS = {"l": "low", "m": "medium", "h": "high"}
_SELECTS = {"f": "first", "v": "vote", "b": "best", "u": "fuse"}
_LETTER = {word: letter for table in (_KINDS, _ON_MISSING, _EFFORTS, _SELECTS) for letter, word in table.items()}

_ESCAPES = {"\\": "\\", "|": "|", "n": "\n", "r": "\r"}
_ESCAPED = {char: "\\" + letter for letter, char in _ESCAPES.items()}
_EMPTY = "\\0"
_LAST = "end"

_COLUMN = re.compile(r"(?:[^|\\]|\\.)*")
_ESCAPE = re.compile(r"\\(.)")
_SPECIAL = re.compile(r"[\\|\n\r]")
_EFFORT = re.compile(r"([lmh])([0-9]{1,2})([fvbu])")
_FORECAST = re.compile(r"([0-9]{1,3}) ([0-9]{2}) ([0-9]{2})")
_GRID_POINT = re.compile(r"[0-9]{2}")

_T = TypeVar("_T")


class _Unreadable(ValueError):
    """A column does not hold what it should."""


def encode(plan: Plan) -> str:
    """The plan in the compact form, its numbers rounded to the grid."""
    head = [plan.mode, _nullable(plan.answer), _escape(plan.synthesis), str(percent(plan.success))]
    return "\n".join(["|".join(head), *map(_encode_subtask, plan.subtasks), _LAST])


def decode(text: str) -> Plan:
    """The plan that `encode` wrote as `text`. What must hold between its values is for `check_plan` to say.

    Raises:
        CodecError: when `encode` writes no such text; it has the number of the first line that is wrong.
    """
    lines = text.split("\n")
    if lines[-1] != _LAST:
        raise CodecError(len(lines), f"the last line must be {_LAST!r}, not {shortened(lines[-1])}", raw=text)
    if len(lines) > MAX_SUBTASKS + 2:
        raise CodecError(MAX_SUBTASKS + 2, f"a plan has at most {MAX_SUBTASKS} subtasks", raw=text)
    head = _read_line(_decode_head, lines, 0, text)
    subtasks = tuple(_read_line(_decode_subtask, lines, at, text) for at in range(1, len(lines) - 1))
    plan = head.model_copy(update={"subtasks": subtasks})
    for number, (wrote, would) in enumerate(zip_longest(lines, encode(plan).split("\n")), start=1):
        if wrote != would:
            raise CodecError(number, f"it would be written {shortened(would or '')}", raw=text)
    return plan


def _read_line(read: Callable[[list[str]], _T], lines: list[str], at: int, text: str) -> _T:
    try:
        return read(_columns(lines[at]))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise CodecError(at + 1, f"{field}: {first['msg']}", raw=text) from error
    except _Unreadable as error:
        raise CodecError(at + 1, str(error), raw=text) from error


def _encode_subtask(subtask: Subtask) -> str:
    forecast = subtask.forecast
    numbers = [percent(forecast.success), nearest_tokens(forecast.tokens_p50), nearest_tokens(forecast.tokens_p90)]
    return "|".join(
        [
            "<".join([subtask.id, ",".join(subtask.depends_on)]) if subtask.depends_on else subtask.id,
            _LETTER[subtask.kind],
            _escape(subtask.goal),
            _escape(subtask.done_when),
            _LETTER[subtask.on_missing],
            _nullable(subtask.worker),
            f"{_LETTER[subtask.effort]}{subtask.attempts}{_LETTER[subtask.select]}",
            "{} {:02} {:02}".format(*numbers),
            f"{floor_tokens(subtask.budget):02}",
        ]
    )


def _decode_head(columns: list[str]) -> Plan:
    mode, answer, synthesis, success = _of_number(columns, 4)
    return Plan.model_validate(
        {
            "mode": mode,
            "answer": _read_nullable(answer),
            "synthesis": _unescape(synthesis),
            "success": _read_percent(success),
            "subtasks": (),
        }
    )


def _decode_subtask(columns: list[str]) -> Subtask:
    name, kind, goal, done_when, on_missing, worker, effort, forecast, budget = _of_number(columns, 9)
    name, _, parents = name.partition("<")
    level, attempts, select = _groups(_EFFORT, effort, "effort, attempts and select, as in m1f")
    success, tokens_p50, tokens_p90 = _groups(_FORECAST, forecast, "a forecast, as in 80 13 21")
    return Subtask.model_validate(
        {
            "id": name,
            "depends_on": tuple(parents.split(",")) if parents else (),
            "kind": _word(_KINDS, kind),
            "goal": _unescape(goal),
            "done_when": _unescape(done_when),
            "on_missing": _word(_ON_MISSING, on_missing),
            "worker": _read_nullable(worker),
            "effort": _word(_EFFORTS, level),
            "attempts": int(attempts),
            "select": _word(_SELECTS, select),
            "forecast": {
                "success": _read_percent(success),
                "tokens_p50": _read_tokens(tokens_p50),
                "tokens_p90": _read_tokens(tokens_p90),
            },
            "budget": _read_tokens(budget),
        }
    )


def _read_percent(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise _Unreadable(f"{shortened(text)} is not a percentage")
    return int(text) / 100


def _read_tokens(text: str) -> int:
    if not _GRID_POINT.fullmatch(text) or int(text) >= len(TOKEN_GRID):
        raise _Unreadable(f"{shortened(text)} is not a number of tokens: use 00 to {len(TOKEN_GRID) - 1}")
    return TOKEN_GRID[int(text)]


def _columns(line: str) -> list[str]:
    columns, at = [], 0
    while True:
        found = _COLUMN.match(line, at)
        end = found.end() if found else at
        columns.append(line[at:end])
        if end == len(line):
            return columns
        if line[end] != "|":
            raise _Unreadable("it ends in a lone backslash")
        at = end + 1


def _of_number(columns: list[str], number: int) -> list[str]:
    if len(columns) != number:
        raise _Unreadable(f"it has {len(columns)} columns instead of {number}")
    return columns


def _groups(form: re.Pattern[str], text: str, what: str) -> tuple[str, ...]:
    found = form.fullmatch(text)
    if found is None:
        raise _Unreadable(f"{shortened(text)} is not {what}")
    return found.groups()


def _word(words: Mapping[str, str], letter: str) -> str:
    if letter not in words:
        raise _Unreadable(f"{shortened(letter)} is none of {', '.join(words)}")
    return words[letter]


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], text)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_unescape_one, text)


def _unescape_one(found: re.Match[str]) -> str:
    if found[1] not in _ESCAPES:
        raise _Unreadable(f"{shortened(found[0])} is no escape")
    return _ESCAPES[found[1]]


def _nullable(text: str | None) -> str:
    return "" if text is None else _escape(text) or _EMPTY


def _read_nullable(text: str) -> str | None:
    if text == "":
        return None
    return "" if text == _EMPTY else _unescape(text)
