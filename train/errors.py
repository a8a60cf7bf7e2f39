"""Errors of the training room.

::

    ForeplanError
    ├── TrainError              1
    │   ├── RecipeError         2   a recipe, a row file or a model folder cannot be used
    │   └── TrainingPaused      3   an endpoint is down; a checkpoint was written, and the same command goes on from it
    └── PlanError
        └── UnreadableBrief     2   a trained planner was not made for briefs such as this one
"""

from __future__ import annotations

from ..core.errors import ForeplanError
from ..planner.errors import PlanError


class TrainError(ForeplanError):
    """Something about training failed."""


class RecipeError(TrainError):
    """A recipe, a row file or a model folder cannot be used."""

    exit_code = 2


class TrainingPaused(TrainError):
    """Training cannot go on for now. Nothing is lost: the hint says how to go on."""

    exit_code = 3


class UnreadableBrief(PlanError):
    """A trained planner was not made for briefs such as this one."""

    exit_code = 2
