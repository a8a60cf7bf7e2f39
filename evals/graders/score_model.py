"""score_model: a judge gives a number in a range; the reward is where in the range it lies, from 0 to 1."""

from __future__ import annotations

from typing import Any

from .base import GradingFault, Judge
from .judged import Judged, judge_templates, verdict_schema
from .spec import ScoreModelSpec


def score_model(spec: ScoreModelSpec, judge: Judge) -> Judged:
    """The grader that `spec` describes. `spec.model` names what the file was made for; `judge` is asked.

    Raises:
        ValueError: when a template has a placeholder that is not known.
    """
    low, high = spec.range
    form = {"type": "number", "minimum": low, "maximum": high}

    def verdict(answer: dict[str, Any]) -> float:
        score = answer.get("score")
        if isinstance(score, bool) or not isinstance(score, int | float):
            raise GradingFault("the judge gave no score")
        if not low <= score <= high:
            raise GradingFault(f"the judge's score lies outside of {low:g} to {high:g}")
        return (score - low) / (high - low)

    messages = judge_templates(spec.input)
    return Judged(spec.name, messages, verdict_schema("score", "score", form), verdict, spec.sampling_params, judge)
