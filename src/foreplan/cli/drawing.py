"""Drawing a run for a terminal: a `RunView`, a width and a height go in, lines that fit them come out."""

from __future__ import annotations

from rich.text import Text

from foreplan.cli.text import duration, number, one_line
from foreplan.memory.trace.view import Row, RunView

MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▸", "cyan"),
    "done": ("✓", "green"),
    "capped": ("▪", "yellow"),
    "partial": ("◦", "yellow"),
    "failed": ("✗", "red"),
    "skipped": ("-", "dim"),
}
"""A sign and a colour for each state; the sign alone says it where there is no colour."""

ASCII_MARKS = dict.fromkeys(MARKS, ".") | {"running": ">", "done": "+", "capped": "#", "partial": "~", "failed": "x"}
"""Signs for terminals that cannot show the others."""

ROOM_FOR_GOALS = 70
"""Columns from which on each line has room for its subtask's goal."""

MOST_INDENT = 8
_URGENCY = {"running": 0, "failed": 1, "waiting": 2, "capped": 3, "partial": 3, "done": 4, "skipped": 5}


def draw(view: RunView, *, width: int, height: int, now: float, ascii_only: bool = False) -> list[Text]:
    """The run's heading and as many subtasks as fit, in plan order; those that run or failed are kept longest.

    No line is wider than `width` columns, and there are at most `max(height, 4)` of them.
    """
    rows = _most_urgent(list(view.rows.values()), max(height, 4) - 3)
    id_width = max((len(row.subtask) + _indent(row) for row in rows), default=0)
    lines = [Text(one_line(view.goal, width), style="bold"), Text(_heading(view, now))]
    lines += [_line(row, width, max(min(id_width, width - 20), MOST_INDENT + 4), now, ascii_only) for row in rows]
    hidden = len(view.rows) - len(rows)
    if hidden:
        lines.append(Text(f"  and {hidden} more", style="dim"))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
        line.no_wrap = True
    return lines


def spent_of(row: Row) -> str:
    """Tokens spent against the forecast; only what was spent when nothing was forecast, nothing when neither."""
    if row.forecast_tokens:
        return f"{number(row.tokens)}/{number(row.forecast_tokens)}"
    return number(row.tokens) if row.tokens else ""


def _heading(view: RunView, now: float) -> str:
    parts: list[str] = [view.phase]
    if view.rows:
        parts.append(f"{len(view.rows) - view.unfinished}/{len(view.rows)} subtasks")
    if view.tokens:
        parts.append(f"{number(view.tokens)} tokens")
    if view.dollars:
        parts.append(f"${view.dollars:.2f}")
    return " · ".join([*parts, duration(view.seconds(now))])


def _line(row: Row, width: int, id_width: int, now: float, ascii_only: bool) -> Text:
    sign, colour = MARKS[row.state]
    sign = ASCII_MARKS[row.state] if ascii_only else sign
    label = " " * _indent(row) + one_line(row.subtask, id_width - _indent(row))
    numbers = f"{spent_of(row)} {duration(row.seconds(now)) if row.started_at is not None else ''}".strip()
    line = Text.assemble((f"{sign} ", colour), label.ljust(id_width))
    room = width - line.cell_len - len(numbers) - 2
    if width >= ROOM_FOR_GOALS and room > 12:
        said = Text(f"  {one_line(row.doing if row.state == 'running' and row.doing else row.goal, room - 2)}", "dim")
        said.truncate(room, overflow="ellipsis", pad=True)
        line.append_text(said)
    elif room > 0:
        line.append(" " * room)
    return line.append(f"  {numbers}")


def _indent(row: Row) -> int:
    return min(row.depth, MOST_INDENT)


def _most_urgent(rows: list[Row], room: int) -> list[Row]:
    if len(rows) <= room:
        return rows
    ranked = sorted(range(len(rows)), key=lambda place: (_URGENCY[rows[place].state], place))
    return [rows[place] for place in sorted(ranked[: max(room - 1, 1)])]
