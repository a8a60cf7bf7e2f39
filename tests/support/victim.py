"""The process that the kill tests kill: begins or resumes one run against a model server, durably.

`python victim.py HOME URL RUN [SAVER]`: SAVER is `sqlite` (a run directory below HOME) or a PostgreSQL URL.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.run import resume, run
from foreplan.core.limits import Limits
from foreplan.core.models.roles import ROLES, build_models
from foreplan.core.models.spec import ModelSpec
from foreplan.memory.artifacts import FolderArtifacts
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex
from foreplan.planner.brief import Brief
from support.kill_script import pages

BRIEF = Brief(goal="What do the parts weigh?")


def context_at(url: str) -> Context:
    specs: dict[str, ModelSpec] = {
        role: ModelSpec(model=role, base_url=url, api_key=SecretStr("test")) for role in ROLES
    }
    sources = DocumentIndex.in_memory(Document(name, text, name) for name, text in pages().items())
    return Context(models=build_models(specs), sources=sources, limits=Limits(tokens=400_000, concurrency=3))


async def on_sqlite(home: Path, url: str, run_id: str) -> None:
    context = context_at(url)
    if (home / "runs" / run_id / "brief.json").exists():
        await resume(run_id, context=context, home=home)
    else:
        await run(BRIEF, context=context, home=home, run_id=run_id)


async def on_postgres(home: Path, url: str, run_id: str, database: str) -> None:
    from dataclasses import replace

    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from langgraph.store.postgres.aio import AsyncPostgresStore

    context = replace(context_at(url), artifacts=FolderArtifacts(home / "artifacts"))
    async with (
        AsyncPostgresSaver.from_conn_string(database) as saver,
        AsyncPostgresStore.from_conn_string(database) as store,
    ):
        await saver.setup()
        await store.setup()
        result = await run_graph(BRIEF, run_id=run_id, context=context, checkpointer=saver, store=store)
    import json

    (home / "result.json").write_text(json.dumps(result.to_json()))


if __name__ == "__main__":
    home, url, run_id, saver = sys.argv[1:5]
    if saver == "sqlite":
        asyncio.run(on_sqlite(Path(home), url, run_id))
    else:
        asyncio.run(on_postgres(Path(home), url, run_id, saver))
