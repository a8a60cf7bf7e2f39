"""Baselines by name, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

from ...core.errors import SettingsError
from .base import Arm, Given

PREFIX = "baseline:"

BASELINES = {
    "single": "single",
    "self-consistency": "consistency",
    "plan-free": "plan_free",
    "waves": "waves",
    "random": "random_routing",
    "round-robin": "round_robin",
    "gold": "gold",
}
"""Their modules by the names that users give."""

OF_THE_USUAL = frozenset({"waves", "random", "round-robin"})
"""Those that take the usual planner's plan."""


def check_name(name: str) -> str:
    """The name of a baseline without its prefix.

    Raises:
        SettingsError: when there is none of this name.
    """
    own = name.removeprefix(PREFIX)
    if own not in BASELINES:
        raise SettingsError(f"There is no baseline {own[:80]!r}.", hint=f"There are: {', '.join(BASELINES)}.")
    return own


def baseline(name: str, given: Given) -> Arm:
    """The baseline of this name, with or without its prefix.

    Raises:
        SettingsError: when there is none, or it lacks what it needs.
    """
    arm: Arm = import_module(f".{BASELINES[check_name(name)]}", __package__).baseline(given)
    return arm
