r"""The compact codec as a grammar over the tiny planner's tokens: a prompt goes in, the plans that may follow come out.

::

    plan|||80
    p3|r|p3 2||s|ant|l1f|90 13 21|23
    p1<p3|t|p1 7||s|bee|m1f|75 13 21|30
    end

Each line restates its part: kind, goal and effort follow from the name, and are forced where the brief lists the part
(a brief in sentences lists none, and a planner has to find kind and cue there).
Free are: mode, which parts are planned and in what order, what each waits for (among the lines above it), worker,
forecasts, budget, and when to stop. A plan may leave parts out, and may name parts that nobody asked for (filler), so
that what a reward makes of both can be seen. Laws:

- whatever is written decodes (`planner.codec`) to a plan without faults (`planner.validate`), at any length;
- a plan of `plain_plan` can be written, token by token.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ...evals.worlds.market.problem import cue_text
from ...evals.worlds.market.world import effort_of
from ...planner.grid import TOKEN_GRID, floor_tokens, nearest_tokens
from ...planner.plan import Forecast, Plan, Subtask
from ..tiny.words import CUES, EFFORTS, END, GRID, KINDS, NAMES, WORKERS, ids_by_piece, text_of

PERCENT_STEP = 5
"""Chances are written in steps of so many percent, so that each has few neighbours to be told from."""

LARGEST_GRID_POINT = 35
"""The largest number of tokens that can be written, 36,204."""

_FILLERS = 2
_LISTED = re.compile(r"(p[1-9])(?:<[p1-9,]+)? ([rtcwk]) ([1-9x])")
_NAMED = re.compile(r"\bp[1-9]\b")
_ANSWER = re.compile(r"say ([0-9])")

_Written = Generator[Sequence[int], int, None]


class _Asked(NamedTuple):
    """What a prompt says: the parts it names and those it lists with kind and cue, workers, and the answer if given."""

    names: tuple[str, ...]
    parts: dict[str, tuple[str, str]]
    workers: tuple[str, ...]
    answer: str | None


class CompactGrammar:
    """Plans for prompts of `tiny.prompt`."""

    def walk(self, prompt_ids: Sequence[int]) -> CompactWalk:
        """A walk at the beginning of a plan for this prompt."""
        return CompactWalk(_plan(_asked(tuple(prompt_ids))))


class CompactWalk:
    """One plan being written."""

    def __init__(self, written: _Written) -> None:
        """Start where nothing is written yet."""
        self._written = written
        self._allowed = next(written)

    def allowed(self) -> Sequence[int]:
        """The ids of the tokens that may come next, ascending; only the end token at the end."""
        return self._allowed

    def accept(self, token: int) -> None:
        """Go on behind this token.

        Raises:
            ValueError: when it is not one of those allowed.
        """
        if token not in self._allowed:
            raise ValueError(f"token {token} is not allowed here: the grammar allows {list(self._allowed)[:10]}")
        self._allowed = next(self._written) if self._allowed == _END else self._written.send(token)


def plain_plan(plan: Plan) -> Plan:
    """The nearest plan that the grammar can write: chances in steps, tokens on the smaller grid, no further words.

    Demonstrations go through this, so that what is shown can also be sampled.
    """
    subtasks = tuple(map(_plain_subtask, plan.subtasks))
    return plan.model_copy(update={"success": _stepped(plan.success), "synthesis": "", "subtasks": subtasks})


def _plain_subtask(subtask: Subtask) -> Subtask:
    forecast = Forecast(
        success=_stepped(subtask.forecast.success),
        tokens_p50=_small(nearest_tokens(subtask.forecast.tokens_p50)),
        tokens_p90=_small(nearest_tokens(subtask.forecast.tokens_p90)),
    )
    budget = _small(floor_tokens(subtask.budget))
    return subtask.model_copy(update={"forecast": forecast, "budget": budget, "done_when": ""})


def _stepped(chance: float) -> float:
    return PERCENT_STEP * round(chance * 100 / PERCENT_STEP) / 100


def _small(point: int) -> int:
    return TOKEN_GRID[min(max(point, 1), LARGEST_GRID_POINT)]


def _ids(texts: Iterable[str]) -> tuple[int, ...]:
    known = ids_by_piece()
    return tuple(sorted(known[text] for text in texts))


_END = _ids([END])
_FORCED = {piece: (number,) for piece, number in ids_by_piece().items()}
_PIECES = {number: piece for piece, number in ids_by_piece().items()}
_MODES = _ids(["plan", "direct"])
_PERCENTS = _ids(str(percent) for percent in range(0, 101, PERCENT_STEP))
_POINTS = {low: _ids(f" {point}" for point in GRID[low : LARGEST_GRID_POINT + 1]) for low in range(1, 36)}
_BUDGETS = _ids(GRID[1 : LARGEST_GRID_POINT + 1])
_CHANCES = {number: int(_PIECES[number]) / 100 for number in _PERCENTS}
_FORECAST_TOKENS = {number: float(TOKEN_GRID[int(_PIECES[number])]) for number in _POINTS[1]}
NUMBERS: Mapping[str, Mapping[int, float]] = {
    "success": _CHANCES,
    "tokens_p50": _FORECAST_TOKENS,
    "tokens_p90": _FORECAST_TOKENS,
    "budget": {number: float(TOKEN_GRID[int(_PIECES[number])]) for number in _BUDGETS},
}
"""The fields that one token writes, and the number that each token stands for there."""

_EFFORT_OF = {cue_text(number): EFFORTS[("low", "medium", "high").index(effort_of(number))] for number in range(1, 11)}
_ANY_KIND, _ANY_CUE = _ids(KINDS), _ids(f" {cue}" for cue in CUES)


@lru_cache(maxsize=4_096)
def _asked(prompt_ids: tuple[int, ...]) -> _Asked:
    goal, _, by = text_of(prompt_ids).partition("\nby")
    parts = {name: (kind, cue) for name, kind, cue in _LISTED.findall(goal)}
    answer = _ANSWER.search(goal)
    workers = tuple(name for name in WORKERS if name in by.split())
    return _Asked(tuple(dict.fromkeys(_NAMED.findall(goal))), parts, workers, answer[1] if answer else None)


def _say(*pieces: str) -> _Written:
    """Tokens that are forced."""
    for piece in pieces:
        yield _FORCED[piece]


def _plan(asked: _Asked) -> _Written:
    if _PIECES[(yield _MODES)] == "direct":
        yield from _say("|", asked.answer or "unknown", "||")
        yield _PERCENTS
        yield from _say("\n", "end")
    else:
        yield from _say("|||")
        yield _PERCENTS
        yield from _say("\n")
        yield from _lines(asked)
    while True:
        yield _END


def _lines(asked: _Asked) -> _Written:
    """Lines of subtasks, and the end when the planner chooses it or nothing is left to plan."""
    left = [*asked.names, *[name for name in NAMES if name not in asked.names][:_FILLERS]]
    written: list[str] = []
    while (chosen := _PIECES[(yield _ids([*left, "end"] if written else left))]) != "end":
        left.remove(chosen)
        yield from _line(chosen, written, asked)
        written.append(chosen)


def _line(name: str, written: Sequence[str], asked: _Asked) -> _Written:
    yield from _parents(written)
    kind, cue = asked.parts.get(name, ("", ""))
    yield _FORCED[kind] if kind else _ANY_KIND
    yield from _say("|", name)
    cue = cue or _PIECES[(yield _ANY_CUE)].strip()
    if name in asked.parts:
        yield from _say(f" {cue}")
    yield from _say("||s|")
    if asked.workers:
        yield _ids(asked.workers)
    yield from _say("|", _EFFORT_OF[cue], "|")
    yield _PERCENTS
    median = _PIECES[(yield _POINTS[1])]
    yield _POINTS[int(median)]
    yield from _say("|")
    yield _BUDGETS
    yield from _say("\n")


def _parents(written: Sequence[str]) -> _Written:
    """The dependencies, up to and with the mark behind them; each stands above, and once."""
    left, mark = list(written), "<"
    while _PIECES[(yield _ids([mark, "|"] if left else ["|"]))] != "|":
        left.remove(_PIECES[(yield _ids(left))])
        mark = ","
