"""The comparing process: `python -m foreplan.evals.graders.math_worker`, one JSON line per question in and out.

In: `{"gold": …, "said": …}`. Out: `{"equal": …}` or `{"reason": …}`; first of all `{"missing": …}` when math-verify is
not installed, or its version. sympy may take for ever over a short line
("9^9^9^9"), so this process has a cap on its memory and may be killed at any time.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from importlib import metadata
from typing import Any, TextIO

from ...core.child import cap_memory

MAX_MEMORY_BYTES = 2 * 1024**3


def main() -> None:
    """Answer until the input ends. The first line out says that the library is loaded, or is not there."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # A library that prints must not break the protocol.
    try:
        library = importlib.import_module("math_verify")
        library.parse("$\\frac{1}{2}$", parsing_timeout=None, raise_on_error=True)  # The parser of LaTeX comes apart.
    except ImportError as error:
        _say(answers, {"missing": str(error.name)})
        return
    _say(answers, {"version": metadata.version("math-verify")})
    logging.disable(logging.CRITICAL)
    cap_memory(MAX_MEMORY_BYTES)
    for line in sys.stdin:
        _say(answers, _answer(library, **json.loads(line)))


def _answer(library: Any, gold: str, said: str) -> dict[str, Any]:
    try:
        # No time limits of theirs: they are signals, and the asking process has the clock.
        wanted, given = library.parse(gold, parsing_timeout=None), library.parse(said, parsing_timeout=None)
        if not wanted:
            return {"reason": "the gold answer is no mathematical expression"}
        return {"equal": bool(library.verify(wanted, given, timeout_seconds=None, raise_on_error=True))}
    except (MemoryError, RecursionError):
        return {"reason": "the expression is too large"}
    except Exception as error:  # Whatever sympy raises on a hostile expression is a reason to call it unequal.
        return {"reason": f"it cannot be compared ({type(error).__name__}: {str(error)[:120]})"}


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
