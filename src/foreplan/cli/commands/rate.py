"""`foreplan rate`: a user's judgement of a run goes into its trace."""

from __future__ import annotations

from typing import Any

from foreplan.cli.given import home_from, settings_from
from foreplan.cli.judging import keep_score, tell_score
from foreplan.core.errors import InputError
from foreplan.core.settings.secrets import secrets_of
from foreplan.memory.rundir import RunDirs
from foreplan.memory.trace.score import USER, Score


def main(**flags: Any) -> int:
    """Keep it; 0.

    Raises:
        InputError: when the score is none, or the run has no trace.
        UnknownRun: when no run has that id.
    """
    if not 0 <= flags["score"] <= 1:
        raise InputError(f"The score is {flags['score']:g}.", hint="Give one from 0 (worthless) to 1 (perfect).")
    settings = settings_from(flags)
    directory = RunDirs(home_from(flags, settings)).find(flags["run_id"])
    score = Score(name=USER, value=flags["score"], why=flags["why"], by="user")
    keep_score(directory, score, secrets_of(settings))
    tell_score(directory, score, as_json=flags["as_json"])
    return 0
