"""Suites by name, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ...core.errors import SettingsError
from .base import Suite

SUITES = ("worlds", "market", "multihop", "planning", "math", "smoke")
EMBEDDED = "smoke"
"""The suite that uses no model, whatever is configured."""


def suite(name: str) -> Suite:
    """The suite of this name.

    Raises:
        SettingsError: when there is none.
    """
    if name not in SUITES:
        raise SettingsError(f"There is no suite {name[:80]!r}.", hint=f"There are: {', '.join(SUITES)}.")
    return cast(Suite, import_module(f".{name}", __package__))
