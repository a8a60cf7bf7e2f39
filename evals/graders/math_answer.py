r"""`math_answer`: 1 when the output's final answer equals the gold answer as mathematics, else 0.

Reads of the item: `answer`, a number or an expression, LaTeX or plain. What counts as the output's answer is its last
`\boxed{}`, or else the line after its last "Answer:" or "####", or else its last expression; so an output that lists
all possible answers stands or falls with the last of them, and sets are equal only to sets.

Numbers are compared here, by value. Everything else is compared by math-verify in a process of its own, since sympy may
take for ever over one line; the time limit needs no signals, so it works in threads and in async code.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
import weakref
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ..errors import MissingExtra
from .base import Grade, Grader, GradingFault, Item, Sample
from .fields import answer_text, field, final_answer, last_match

TIME_LIMIT_S = 5.0
"""Seconds for one comparison; math-verify takes milliseconds for answers that people write."""

MAX_EXPRESSION_CHARS = 500
MAX_DIGITS = 30
"""A longer run of digits is no answer, and a power with it fills the memory."""

_LAST_CHARS = 2_000
_READ_CHARS = 200_000
_BOXED = re.compile(r"\\(?:boxed|fbox)[ ]{0,3}\{")
_NUMBER = re.compile(r"\$?[ ]?([-+]?)\$?((?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d{1,30})?)[.]?")
_WORD = re.compile(r"(?<![\\A-Za-z])(?!sqrt|frac|sin|cos|tan|log|exp|pi\b)[A-Za-z]{2,}")
_KEPT_VARIABLES = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


def said_answer(text: str) -> str:
    """The expression that a text gives as its answer; empty when there is none.

    Raises:
        GradingFault: when it is too large to be one.
    """
    tail = text[-_READ_CHARS:]
    said = _last_boxed(tail)
    if said is None:
        answer = final_answer(tail)
        # After a mark the answer comes first and explanations follow; without one it comes last.
        lines = [line for line in answer.splitlines() if line.strip()] or [""]
        said = lines[0] if len(answer) < len(tail.strip()) else lines[-1][-_LAST_CHARS:]
    if len(said) > MAX_EXPRESSION_CHARS or re.search(rf"\d{{{MAX_DIGITS + 1}}}", said):
        raise GradingFault("the answer is too long for an expression")
    return said.strip()


def _last_boxed(text: str) -> str | None:
    r"""What the last `\boxed{}` holds, braces balanced; None when there is none."""
    found = last_match(_BOXED, text)
    if found is None:
        return None
    depth = 1
    for place in re.finditer(r"(?<!\\)[{}]", text[found.end() : found.end() + 2 * _LAST_CHARS]):
        depth += 1 if place[0] == "{" else -1
        if depth == 0:
            return text[found.end() : found.end() + place.start()]
    return None


def number_of(text: str) -> Decimal | None:
    """The value of a text that is one plain number ("1,234.50", "$7"), or None."""
    found = _NUMBER.fullmatch(text.strip())
    return Decimal(found[1] + found[2].replace(",", "")) if found else None


def in_dollars(expression: str) -> str:
    """An expression between dollar signs, where math-verify reads it as a whole; a text with words as it is."""
    marked = "$" in expression or "\\(" in expression or "\\[" in expression
    return expression if marked or _WORD.search(re.sub(r"\\text\{[^}]*\}", "", expression)) else f"${expression}$"


class MathGrader:
    """The grader; every instance shares one comparing process."""

    name = "math_answer"

    async def grade(self, item: Item, sample: Sample) -> Grade:
        """1 for an equal answer. The comparing process is waited for in a thread."""
        began = time.perf_counter()
        try:
            said, gold = said_answer(sample.text), answer_text(field(item, "answer")).strip()
            equal = bool(said) and await _equal(gold, said)
        except GradingFault as error:
            return Grade(reward=0.0, errors=(f"{self.name}: {error}",), seconds=time.perf_counter() - began)
        return Grade(reward=float(equal), seconds=time.perf_counter() - began)


async def _equal(gold: str, said: str) -> bool:
    wanted, given = number_of(gold), number_of(said)
    if wanted is not None and given is not None:
        return wanted == given
    return await asyncio.to_thread(_worker().equal, gold if wanted is not None else in_dollars(gold), in_dollars(said))


class Worker:
    """One comparing process, started at the first question and again after it had to be killed. For many threads."""

    def __init__(self, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._time_limit_s = time_limit_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None

    def equal(self, gold: str, said: str) -> bool:
        """Whether two expressions are equal.

        Raises:
            GradingFault: when that cannot be told, or takes too long.
            MissingExtra: when math-verify is not installed.
        """
        with self._lock:
            alive = self._child is not None and self._child.poll() is None
            child = self._child if alive and self._child is not None else self._start()
            answer = self._ask(child, json.dumps({"gold": gold, "said": said}), self._time_limit_s)
        if answer is None:
            raise GradingFault(f"comparing the answer takes more than {self._time_limit_s:g} s or too much memory")
        if "reason" in answer:
            raise GradingFault(str(answer["reason"]))
        return bool(answer["equal"])

    def _start(self) -> subprocess.Popen[str]:
        environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        child = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.math_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", env=environment,
        )  # fmt: skip
        weakref.finalize(self, _end, child)
        ready = self._ask(child, "", 60.0)
        if ready is None or "missing" in ready:
            _end(child)
            raise MissingExtra("math-verify", "Grading mathematical answers")
        self._child = child
        return child

    def _ask(self, child: subprocess.Popen[str], question: str, limit_s: float) -> dict[str, Any] | None:
        """The child's answer to a question, or its first line; None when it had to be killed or died."""
        assert child.stdin is not None  # noqa: S101 - opened as pipes above
        assert child.stdout is not None  # noqa: S101
        timer = threading.Timer(limit_s, child.kill)
        timer.daemon = True
        timer.start()
        try:
            if question:
                child.stdin.write(question + "\n")
                child.stdin.flush()
            line = child.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if line.endswith("\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        _end(child)
        self._child = None
        return None


def _end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:  # What was not sent is of no use to a dead child.
                continue


@lru_cache(maxsize=1)
def _worker() -> Worker:
    return Worker()


def grader() -> Grader:
    """The grader; it has no options."""
    return MathGrader()
