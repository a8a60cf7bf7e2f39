"""When something goes wrong: a request goes in, a `Fault` or None comes out, the same in every run.

Injectors are plain callables; compose them with `first_of`.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from .chat import ChatRequest
from .faults import ENDING, Fault, FaultName

Injector: TypeAlias = Callable[[ChatRequest], "Fault | None"]
"""Decides whether this request meets a fault."""


class Faults:
    """A share `rate` (0..1) of the requests meets a fault, drawn from `seed` and the request.

    `by="content"` draws from what is asked and how often it was asked before, so that the draw does not depend on the
    order of arrival and a retry is drawn anew; `by="number"` draws from the count of requests.
    """

    def __init__(
        self,
        rate: float,
        kinds: Sequence[FaultName | Fault] = ENDING,
        *,
        seed: int = 0,
        by: Literal["content", "number"] = "content",
    ) -> None:
        self._rate, self._seed, self._by = rate, seed, by
        self._kinds = [each if isinstance(each, Fault) else Fault(each) for each in kinds]
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: ChatRequest) -> Fault | None:
        """The fault of this request."""
        draw = random.Random(f"{self._seed}/{self._key(request)}")
        return draw.choice(self._kinds) if draw.random() < self._rate else None

    def _key(self, request: ChatRequest) -> str:
        if self._by == "number":
            return str(request.number)
        with self._lock:
            self._times[request.content_hash] += 1
            return f"{request.content_hash}/{self._times[request.content_hash]}"


def _any(request: ChatRequest) -> bool:
    return True


def once(fault: Fault | FaultName, when: Callable[[ChatRequest], bool] = _any, *, times: int = 1) -> Injector:
    """The first `times` requests for which `when` holds meet `fault`."""
    what = fault if isinstance(fault, Fault) else Fault(fault)
    left, lock = [times], threading.Lock()

    def inject(request: ChatRequest) -> Fault | None:
        if not when(request):
            return None
        with lock:
            left[0] -= 1
            return what if left[0] >= 0 else None

    return inject


def always(fault: Fault | FaultName, when: Callable[[ChatRequest], bool] = _any) -> Injector:
    """Every request for which `when` holds meets `fault`."""
    what = fault if isinstance(fault, Fault) else Fault(fault)
    return lambda request: what if when(request) else None


def first_of(*injectors: Injector) -> Injector:
    """The first fault that any of these decides on; all are asked only until one does."""
    return lambda request: next((fault for each in injectors if (fault := each(request)) is not None), None)
