"""Our own graders by name: `own_grader("plan_match")`. A grader's module is imported when the grader is asked for.

Each module beside this one that is named here has a function `grader(**options)`; its docstring says what it reads of
an item, what its reward means and which options it takes. docs/graders-own.md lists them for users.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeAlias

from ..errors import GraderError
from .base import Grader

Loader: TypeAlias = Callable[..., Grader]
"""Makes a grader; its keyword arguments are the grader's options."""


def _later(module: str) -> Loader:
    """A loader that imports the module beside this one when it is called."""

    def load(**options: Any) -> Grader:
        made: Grader = import_module(f".{module}", __package__).grader(**options)
        return made

    return load


OWN: Mapping[str, Loader] = MappingProxyType(
    {
        name: _later(name)
        for name in (
            "answer_match",
            "citation_support",
            "critical_path",
            "gold_facts",
            "ifeval",
            "math_answer",
            "natural_plan",
            "pddl",
            "plan_match",
            "plan_valid",
        )
    }
)
"""What makes each of our graders, by the grader's name."""


def own_grader(name: str, **options: Any) -> Grader:
    """One of our own graders.

    Args:
        name: a key of `OWN`.
        options: what its module's `grader` function takes.

    Raises:
        GraderError: when there is no such grader, or it does not take these options.
        MissingExtra: when a library that it needs is not installed.
    """
    if name not in OWN:
        raise GraderError(f"There is no grader {name[:80]!r} of our own.", hint=f"There are: {', '.join(OWN)}.")
    try:
        return OWN[name](**options)
    except (TypeError, ValueError) as error:
        raise GraderError(
            f"Grader {name} cannot be made with {options!r:.200}: {error}.",
            hint="docs/graders-own.md lists the options of each grader.",
        ) from error
