"""Probe: an endpoint is reached once, for `foreplan doctor`. A spec goes in, what was found and what to fix comes out.

Law: at most two requests that may be billed, of a few tokens each; nothing is raised, every fault is a finding.
"""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass, replace

from openai import OpenAIError

from ..errors import ForeplanError, ModelError
from ..ledger import free_account
from .base import OutputSchema, StructuredMode
from .connect import connect
from .faults import Place, model_error
from .model import Model
from .openai_backend import make_client
from .retry import NEVER
from .spec import ModelSpec

PROBE_TOKENS = 16
PROBE_TIMEOUT_S = 20.0
MAX_SERVED = 200
_OUTPUT = OutputSchema(
    "probe",
    {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False},
)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What reaching an endpoint once has shown. None means that it could not be told.

    Attributes:
        endpoint, model: what was reached.
        reachable: whether anything answered there.
        key_ok: whether it took the key.
        model_known: whether it knows the model.
        served: names of the models it lists; empty when it lists none.
        structured: how it takes structured output.
        streams: whether it answers in pieces.
        reports_usage: whether a stream told its usage.
        priced: whether the model's price is known, which a limit in dollars needs.
        seconds: until the short answer was there.
        problem, fix: what is wrong and what to do; empty when all is well.
    """

    endpoint: str
    model: str
    reachable: bool = False
    key_ok: bool | None = None
    model_known: bool | None = None
    served: tuple[str, ...] = ()
    structured: StructuredMode | None = None
    streams: bool | None = None
    reports_usage: bool | None = None
    priced: bool = False
    seconds: float = 0.0
    problem: str = ""
    fix: str = ""

    @property
    def ok(self) -> bool:
        """Whether the model can be used."""
        return not self.problem


async def probe(spec: ModelSpec) -> ProbeResult:
    """Reach the endpoint of `spec`: list its models, then ask for a few tokens in the form of a plan."""
    brief = spec.model_copy(update={"timeout_s": min(spec.timeout_s, PROBE_TIMEOUT_S)})
    found = ProbeResult(spec.endpoint, spec.model, priced=spec.known_price is not None)
    try:
        found = replace(found, reachable=True, served=await _served(brief))
    except ModelError as error:
        found = _told(found, error)
        if not found.reachable or found.key_ok is False:
            return found
        found = replace(found, problem="", fix="")  # not every endpoint lists its models; the call decides
    model = connect(brief, retry=NEVER)
    started = time.monotonic()
    try:
        found = await _asked(found, model)
    except ForeplanError as error:
        found = _told(found, error)
    finally:
        await model.aclose()
    return replace(found, seconds=time.monotonic() - started)


async def _served(spec: ModelSpec) -> tuple[str, ...]:
    """Names of the models that the endpoint lists."""
    async with make_client(spec) as client:
        try:
            page = await client.models.list()
        except (OpenAIError, ValueError) as error:
            raise model_error(error, Place(spec.endpoint, spec.model, spec.key)) from error
        names = [getattr(each, "id", None) for each in getattr(page, "data", None) or ()]
    return tuple(name for name in names if isinstance(name, str))[:MAX_SERVED]


async def _asked(found: ProbeResult, model: Model) -> ProbeResult:
    """What a short streamed answer shows."""
    messages = [{"role": "user", "content": 'Answer with {"ok": true}.'}]
    async with aclosing(
        model.stream(messages, account=free_account(), output=_OUTPUT, max_completion_tokens=PROBE_TOKENS)
    ) as deltas:
        async for _ in deltas:
            pass
    return replace(
        found,
        key_ok=True,
        model_known=True,
        structured=model.structured,
        streams=model.quirks.stream,
        reports_usage=model.reports_usage,
    )


def _told(found: ProbeResult, error: ForeplanError) -> ProbeResult:
    """`found`, with what a fault says about the endpoint."""
    problem = replace(found, problem=error.message, fix=error.hint)
    kind = error.kind
    if kind == "auth":
        return replace(problem, reachable=True, key_ok=False)
    if kind == "not_found":
        near = [
            name for name in found.served if found.model.lower() in name.lower() or name.lower() in found.model.lower()
        ]
        listed = ", ".join((near or list(found.served))[:8])
        fix = f"It serves {listed}." if listed else error.hint
        return replace(problem, reachable=True, key_ok=True, model_known=False, fix=fix)
    never_sent = (
        kind == "transient" and isinstance(error, ModelError) and error.unbilled and error.retry_after_s is None
    )
    return problem if never_sent and not found.served else replace(problem, reachable=True)
