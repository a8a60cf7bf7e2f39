"""What can go wrong with a call: one `Fault`, and what each kind does to the client and to the bill.

===================  ==============================================================  ==========================
kind                 what the client gets                                            tokens billed
===================  ==============================================================  ==========================
rate_limit           429 with Retry-After (seconds, or a date)                       none
server_error         500                                                             none
unavailable          503                                                             none
wrong_content_type   200, an HTML page                                               none
drop                 the connection closes before any header                         all: the answer is lost
cut_stream           the connection closes after `chunks` pieces (or half a body)    prompt and what was sent
malformed_body       200, broken JSON (or a broken event)                            all
malformed_answer     a sound body whose text or tool arguments are broken JSON       all
wrong_schema         a sound body whose text or arguments have another shape         all
refusal              message.refusal instead of words                                all
content_filter       finish_reason content_filter, half the words                    what was said
length               half the words, finish_reason length                            what was said
empty_choices        no choices                                                      prompt
hang                 nothing, until the client gives up                              prompt, and by latency
slow_loris           a blank every `every_s` seconds, until the client gives up      prompt, and by latency
usage_missing        a sound answer without usage                                    all
usage_lying          usage `factor` times the true one                               all (the true one)
===================  ==============================================================  ==========================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

FaultName = Literal[
    "rate_limit", "server_error", "unavailable", "wrong_content_type", "drop", "cut_stream", "malformed_body",
    "malformed_answer", "wrong_schema", "refusal", "content_filter", "length", "empty_choices", "hang", "slow_loris",
    "usage_missing", "usage_lying",
]  # fmt: skip

FAULT_NAMES: tuple[FaultName, ...] = get_args(FaultName)
ENDING: tuple[FaultName, ...] = tuple(name for name in FAULT_NAMES if name not in ("hang", "slow_loris"))
"""Faults that end by themselves; the others last until the client gives up."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing going wrong with one call. Each field beside `kind` belongs to the kinds that the table says."""

    kind: FaultName
    retry_after_s: float | None = 1.0
    retry_after_date: bool = False
    chunks: int = 2
    every_s: float = 0.05
    factor: float = 0.1

    def __post_init__(self) -> None:
        if self.kind not in FAULT_NAMES:
            raise ValueError(f"unknown fault {self.kind!r}; there are {', '.join(FAULT_NAMES)}")
