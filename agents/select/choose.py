"""Which selector a subtask asks for, and which verifier `best` uses."""

from __future__ import annotations

from ...core.events import Emit, silent
from ...core.ledger import Account
from ...planner.plan import Subtask
from ..context import Context
from .base import Selector, Verifier
from .best import Best
from .first import First
from .fuse import Fuse
from .judge import judge_with
from .support import supported_share
from .vote import Vote


def selector_for(context: Context, subtask: Subtask, account: Account, emit: Emit = silent) -> Selector:
    """The selector for `subtask.select`; `emit` is told of the calls it makes itself."""
    match subtask.select:
        case "first":
            return First()
        case "vote":
            return Vote()
        case "best":
            return Best(_verifier(context, account, emit), subtask.goal)
        case "fuse":
            return Fuse()


def _verifier(context: Context, account: Account, emit: Emit) -> Verifier:
    """The app's verifier, else the judge model, else the share of claims whose checks hold."""
    if context.verifier is not None:
        return context.verifier
    return supported_share if context.models.embedded else judge_with(context.models.judge, account, emit)
