"""What a job's run needs, made from its settings in the worker: a spec goes in, its context comes out.

Runs share what they can: the slots of each endpoint, and the models of equal settings. So an endpoint's limit counts
for all jobs of the worker, and an endpoint that asks one of them to wait is left alone by all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, nullcontext
from pathlib import Path

from tenacity import stop_before_delay

from foreplan.agents.context import Context
from foreplan.agents.jobs.spec import JobSpec
from foreplan.agents.tools.toolset import toolset
from foreplan.cli.history import history_of
from foreplan.cli.job_settings import with_own_secrets
from foreplan.cli.library import index_to_search
from foreplan.cli.telemetry import close_sender, open_sender
from foreplan.core.events import Emit
from foreplan.core.models.retry import RetryPolicy
from foreplan.core.models.roles import EndpointSlots, Models
from foreplan.core.settings import Settings
from foreplan.core.settings.roles import RoleSpecs, models_from, role_specs
from foreplan.core.settings.secrets import secrets_of
from foreplan.memory.trace.record import OnRecord

PATIENT = RetryPolicy(stop=stop_before_delay(6 * 3600))
"""Nobody waits at the terminal for a job: an endpoint that is busy or down for hours slows it down, and the run's own
time limit ends it sooner where one is set."""

_KEPT_MODELS = 8


class Preparing:
    """An `agents.jobs.sitting.Prepare` for a worker.

    Args:
        own: the worker's own settings.
        home: the data home.
        lay_out: told a job's sources before they are read, to bring those here that are not.
    """

    def __init__(self, own: Settings, home: Path, *, lay_out: Callable[[Sequence[Path]], None]) -> None:
        self._own, self._home, self._lay_out = own, home, lay_out
        self._slots: EndpointSlots = {}
        self._models: list[tuple[RoleSpecs, Models]] = []
        self._indexing = asyncio.Lock()

    @asynccontextmanager
    async def __call__(self, spec: JobSpec, *, emit: Emit) -> AsyncIterator[tuple[Context, frozenset[str]]]:
        """The run's context, open for the length of the block."""
        settings = with_own_secrets(spec.settings, self._own)
        folders = [Path(each) for each in spec.brief.sources]
        await asyncio.to_thread(self._lay_out, folders)
        async with self._indexing:  # two jobs over one folder would write one index
            index = await asyncio.to_thread(index_to_search, self._home, folders) if folders else None
        with closing(index) if index is not None else nullcontext():
            async with self._telemetry() as on_record, toolset(settings.tools, settings.mcp, emit=emit) as tools:
                context = Context(
                    models=self._models_for(settings),
                    sources=index,
                    tools=tools,
                    limits=settings.run_limits,
                    approve=spec.approve,
                    vary_workers=settings.vary_workers,
                    history=await asyncio.to_thread(history_of, settings, self._home),
                    project=spec.project,
                    on_record=on_record,
                )
                yield context, secrets_of(settings)

    @asynccontextmanager
    async def _telemetry(self) -> AsyncIterator[OnRecord | None]:
        """The worker's own collector. Its last spans are waited for in a thread, so that other jobs go on."""
        sender = await asyncio.to_thread(open_sender, self._own)
        try:
            yield sender
        finally:
            await asyncio.to_thread(close_sender, sender)

    def _models_for(self, settings: Settings) -> Models:
        specs = role_specs(settings)
        known = next((models for other, models in self._models if other == specs), None)
        if known is None:
            known = models_from(settings, slots=self._slots, retry=PATIENT)
            self._models = [*self._models[1 - _KEPT_MODELS :], (specs, known)]
        return known
