"""label_model: a judge chooses one label of a list; the reward is 1 when it is one that passes, else 0."""

from __future__ import annotations

from typing import Any

from .base import GradingFault, Judge
from .judged import Judged, judge_templates, verdict_schema
from .spec import LabelModelSpec


def label_model(spec: LabelModelSpec, judge: Judge) -> Judged:
    """The grader that `spec` describes. `spec.model` names what the file was made for; `judge` is asked.

    Raises:
        ValueError: when a template has a placeholder that is not known.
    """
    form = {"type": "string", "enum": list(spec.labels)}

    def verdict(answer: dict[str, Any]) -> float:
        label = answer.get("label")
        if label not in spec.labels:
            raise GradingFault("the judge chose none of the labels")
        return float(label in spec.passing_labels)

    messages = judge_templates(spec.input)
    return Judged(spec.name, messages, verdict_schema("label", "label", form), verdict, spec.sampling_params, judge)
