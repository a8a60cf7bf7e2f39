"""`foreplan traces stats`: how many runs, how they ended, what they spent, and whether their forecasts were honest."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from foreplan.cli.runs import rows_from
from foreplan.cli.text import counted, duration, number, one_line
from foreplan.evals.graders.agreement import agreed
from foreplan.evals.metrics.calibration import brier
from foreplan.evals.metrics.quantiles import score_quantile
from foreplan.memory.trace.score import Score
from foreplan.train.rows.row import Outcome, TraceRow

SHOWN_PROJECTS = SHOWN_PAIRS = 10


class Verdicts:
    """What judges, code graders and users said of the same runs."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)

    def add(self, scores: Iterable[Score]) -> None:
        """Take in one run's; the last word of each counts."""
        last = {(each.by, each.name): each for each in scores}
        for judge in last.values():
            for other in last.values():
                if judge.by == "judge" and other.by != "judge":
                    self._pairs[judge.name, other.name].append((judge.value, other.value))

    def told(self) -> list[dict[str, Any]]:
        """How far each judge agrees with each code grader, and with the user."""
        return [
            {"judge": judge, "against": other, "samples": found.samples, "accuracy": found.accuracy,
             "kappa": found.kappa, "spearman": found.spearman}
            for (judge, other), pairs in sorted(self._pairs.items())
            for found in [agreed(*zip(*pairs, strict=True))]
        ]  # fmt: skip


@dataclass
class Stats:
    """Sums over runs; a few numbers for each run and each subtask."""

    states: Counter[str] = field(default_factory=Counter)
    projects: Counter[str] = field(default_factory=Counter)
    tokens: list[int] = field(default_factory=list)
    dollars: float = 0.0
    seconds: float = 0.0
    calls: int = 0
    scores: list[float] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    judged: Verdicts = field(default_factory=Verdicts)

    def add(self, row: TraceRow) -> None:
        """Count one run."""
        self.states[row.state] += 1
        self.projects[row.project] += 1
        self.tokens.append(row.tokens)
        self.dollars += row.dollars
        self.seconds += row.seconds
        self.calls += row.calls
        self.judged.add(row.scores)
        self.scores += [] if row.score is None else [row.score]
        # Without a model nothing is spent and nothing was meant by a forecast.
        self.outcomes += [] if row.embedded else row.outcomes

    def told(self) -> dict[str, Any]:
        """All of it as JSON data."""
        return {
            "runs": sum(self.states.values()),
            "states": dict(self.states.most_common()),
            "projects": dict(self.projects.most_common()),
            "spend": {
                "tokens": sum(self.tokens),
                "median_tokens": median(self.tokens) if self.tokens else 0,
                "dollars": self.dollars,
                "seconds": self.seconds,
                "calls": self.calls,
            },
            "scores": {"runs": len(self.scores), "mean": _mean(self.scores)},
            "judges": self.judged.told(),
            "forecasts": {"success": success_calibration(self.outcomes), "tokens": token_calibration(self.outcomes)},
        }


def main(**flags: Any) -> int:
    """Count them; 0."""
    stats = Stats()
    for row in rows_from(flags):
        stats.add(row)
    told = stats.told()
    print(json.dumps(told) if flags["as_json"] else "\n".join(_lines(told)))
    return 0


def success_calibration(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Brier's score of the chances that were forecast. A subtask at its cap says nothing of a forecast without one."""
    known = [each for each in outcomes if each.state in {"done", "partial", "failed"}]
    if not known:
        return {"subtasks": 0}
    came = [each.state == "done" for each in known]
    parts = brier([each.success for each in known], came)
    return {
        "subtasks": len(known),
        "done": sum(came) / len(came),
        "brier": parts.score,
        "reliability": parts.reliability,
        "resolution": parts.resolution,
        "skill": parts.skill,
    }


def token_calibration(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """The share of needs at or below the median and the 90 % forecast; a need beyond a cap is estimated."""
    known = [each for each in outcomes if each.state in {"done", "partial", "capped"} and each.tokens > 0]
    told: dict[str, Any] = {"subtasks": len(known)}
    spent, capped = [each.tokens for each in known], [each.state == "capped" for each in known]
    for quantile, name in ((0.5, "p50"), (0.9, "p90")):
        forecasts = [each.tokens_p50 if name == "p50" else each.tokens_p90 for each in known]
        score = score_quantile(quantile, forecasts, spent, capped) if known else None
        told |= {f"below_{name}": score and score.coverage, f"skill_{name}": score and score.skill}
    return told


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _lines(told: dict[str, Any]) -> Iterable[str]:
    spend, scores = told["spend"], told["scores"]
    yield f"{counted(told['runs'], 'run')}: " + ", ".join(
        f"{count} {one_line(state, 20)}" for state, count in told["states"].items()
    )
    yield (
        f"spend: {number(spend['tokens'])} tokens (median {number(spend['median_tokens'])}), ${spend['dollars']:.4f}, "
        f"{counted(spend['calls'], 'call')}, {duration(spend['seconds'])}"
    )
    if scores["runs"]:
        yield f"score: {scores['mean']:.2f} on average of {counted(scores['runs'], 'run')}"
    for project, count in list(told["projects"].items())[:SHOWN_PROJECTS]:
        yield f"  {count:>6}  {one_line(project, 60) or '(no project)'}"
    yield from _judge_lines(told["judges"])
    yield from _calibration_lines(told["forecasts"])


def _judge_lines(judges: list[dict[str, Any]]) -> Iterable[str]:
    for each in judges[:SHOWN_PAIRS]:
        kappa = "unknown" if each["kappa"] is None else f"{each['kappa']:.2f}"
        yield (
            f"judge {one_line(each['judge'], 40)} against {one_line(each['against'], 40)}: {each['accuracy']:.0%} of "
            f"{counted(each['samples'], 'run')} alike, kappa {kappa}"
        )


def _calibration_lines(forecasts: dict[str, Any]) -> Iterable[str]:
    success, tokens = forecasts["success"], forecasts["tokens"]
    if success["subtasks"]:
        yield (
            f"forecasts of success: Brier {success['brier']:.3f}, resolution {success['resolution']:.3f}, "
            f"{success['done']:.0%} of {counted(success['subtasks'], 'subtask')} done"
        )
    if tokens["subtasks"] and tokens["below_p50"] is not None:
        yield (
            f"forecasts of tokens: {tokens['below_p50']:.0%} at or below the median forecast, "
            f"{tokens['below_p90']:.0%} at or below the 90 % one"
        )
