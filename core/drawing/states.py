"""How the states of subtasks look: a sign, words and a colour each. The sign alone says it where no colour is seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from .svg import Markup, escape, tag


class State(NamedTuple):
    """A state's sign, what it means, and its colour in light and in dark."""

    sign: str
    meaning: str
    light: str
    dark: str


STATES: Mapping[str, State] = {
    "done": State("✓", "done", "#1a7f37", "#4cc66a"),
    "capped": State("▪", "capped: stopped at its budget", "#8a6100", "#e0b341"),
    "partial": State("◦", "partial: inputs were missing", "#8a6100", "#e0b341"),
    "failed": State("✗", "failed", "#b3261e", "#ff8a80"),
    "skipped": State("–", "skipped: not run", "#5b5b5b", "#a9adb3"),  # noqa: RUF001 - a dash, as it should look
    "running": State("▸", "running", "#0065a8", "#6cb8f0"),
    "waiting": State("·", "waiting", "#5b5b5b", "#a9adb3"),
}
"""In the order of a legend. A state that is not among them looks like one that waits."""


def _colours(dark: bool) -> str:
    return " ".join(f"--{name}: {state.dark if dark else state.light};" for name, state in STATES.items())


STATE_STYLE = f"""
:root {{ {_colours(dark=False)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_colours(dark=True)} }} }}
@media print {{ :root {{ {_colours(dark=False)} }} }}
{" ".join(f".st-{name} {{ --of: var(--{name}); }}" for name in STATES)}
.node rect {{ fill: var(--back); stroke: var(--of); stroke-width: 1.5; }} .node .edge {{ fill: var(--of); }}
svg .node text {{ fill: var(--text); }} svg .node text.small {{ fill: var(--soft); font-size: 10.5px; }}
.node.critical rect {{ stroke-width: 3.5; }} a:hover rect {{ fill: var(--card); }}
.tie {{ fill: none; stroke: var(--soft); stroke-width: 1; opacity: .65; }}
.tie.critical {{ stroke: var(--text); stroke-width: 2.5; opacity: 1; }}
.fill {{ fill: var(--of); }} .of {{ color: var(--of); font-weight: 600; }}
.bar.critical {{ stroke: var(--text); stroke-width: 2; }} .track {{ fill: var(--rule); fill-opacity: .5; }}
.expected {{ stroke: var(--text); stroke-width: 2; }}
.cap {{ stroke: var(--s1); stroke-width: 2; stroke-dasharray: 3 2; }}
svg text.name {{ fill: var(--text); }}
"""
"""CSS of figures that show states, for `html.page`."""


def known(state: str) -> str:
    """The state's own name if it is one, or else `waiting`: a name goes into a class."""
    return state if state in STATES else "waiting"


def sign(state: str) -> str:
    """The sign of a state."""
    return STATES[known(state)].sign


def legend(states: Collection[str], *more: tuple[Markup, str]) -> Markup:
    """What the signs and colours of these states mean; `more` are samples, 26 by 12, and what they mean."""
    shown = [(name, state) for name, state in STATES.items() if name in states]
    entries = [
        tag("li", tag("span", escape(state.sign), class_=f"of st-{name}", aria_hidden="true"), escape(state.meaning))
        for name, state in shown
    ]
    entries += [
        tag("li", tag("svg", sample, viewBox="0 0 26 12", class_="key", aria_hidden="true"), escape(meaning))
        for sample, meaning in more
    ]
    return tag("ul", *entries, class_="legend") if entries else Markup("")
