"""Judges for tests: a function stands for the model's words; model, ledger and adapter are the real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from foreplan.core.ledger import Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import Request
from foreplan.core.testing.models import FunctionModel, Said, model_of
from foreplan.evals.graders.base import Judge
from foreplan.evals.graders.judging import judge_of


def judge_saying(say: Callable[[str], Said | dict[str, Any]]) -> tuple[Judge, FunctionModel, Ledger]:
    """A judge that answers what `say` returns for the last message; an object is sent as JSON with the case's mark."""

    def answer(request: Request) -> Said:
        said = say(str(request.messages[-1]["content"]))
        return json.dumps({"case": mark_in(request)} | said) if isinstance(said, dict) else said

    backend, ledger = FunctionModel(answer), Ledger(Limits(tokens=None))
    return judge_of(model_of(backend), ledger.account("judge")), backend, ledger


def mark_in(request: Request) -> str:
    """The mark that a judge is told to name."""
    found = re.search(r"This is case (\w+)", str(request.messages[0]["content"]))
    assert found is not None
    return found[1]
