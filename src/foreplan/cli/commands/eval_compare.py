"""`foreplan eval compare A B`: two evaluations of the same tasks go in; a paired table and a page come out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from foreplan.cli.exits import DONE
from foreplan.cli.given import home_from, settings_from
from foreplan.cli.plan_file import check_output, write_output
from foreplan.evals.metrics.compare import Comparison, compare
from foreplan.evals.page.compare_page import compare_page
from foreplan.evals.tasks.session import records_of


def main(**flags: Any) -> int:
    """Compare and print.

    Raises:
        DataError: when the two cannot be compared.
    """
    check_output(flags["output"])
    home = home_from(flags, settings_from(flags))
    a, b = (records_of(home, flags[name]) for name in ("a", "b"))
    found = compare(a, b)
    if flags["output"] is not None:
        write_output(flags["output"], compare_page(a, b))
        print(f"The page is in {flags['output']}", file=sys.stderr)
    print(json.dumps(_told(found)) if flags["as_json"] else _table(found))
    return DONE


def _told(found: Comparison) -> dict[str, Any]:
    return {**asdict(found), "token_ratio": found.token_ratio, "equal_tokens": found.equal_tokens}


def _table(found: Comparison) -> str:
    lines = [f"A: {found.planner_a}   B: {found.planner_b}   {found.tasks} tasks", ""]
    lines.append(f"{'':<9}{'A':>12}{'B':>12}{'B less A':>12}   {'95 % interval':<24}{'p':>7}")
    for name, each in found.measures.items():
        means = f"{each.mean_a:>12.4g}{each.mean_b:>12.4g}{each.difference:>12.4g}"
        interval = f"{each.low:.4g} to {each.high:.4g}"
        lines.append(f"{name:<9}{means}   {interval:<24}{each.p_value:>7.3f}")
    ratio = "" if found.token_ratio is None else f" ({found.token_ratio:.2f} for each of A's)"
    spent = f"Tokens, planner included: A {found.tokens_a:,.0f}, B {found.tokens_b:,.0f}{ratio}."
    verdict = "at equal tokens" if found.equal_tokens else "NOT at equal tokens, so a gain may be what they bought"
    return "\n".join([*lines, "", f"{spent} Compared {verdict}."])
