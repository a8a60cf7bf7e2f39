"""A web app that streams a run.

    uvicorn examples.fastapi_app:app
    curl -N localhost:8000/research -H 'content-type: application/json' -d '{"goal": "Who designed Grennan Head?"}'

Each line of the answer is one JSON object: the run's typed events (docs/events.md) as they happen, then the report.
A client that goes away cancels its run.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from foreplan import Brief, Context, build_graph, load_settings, models_from
from foreplan.memory.documents.index import DocumentIndex

DOCUMENTS = Path(__file__).parent / "documents"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Models and index are made once and shared by all runs."""
    settings = load_settings()
    sources = DocumentIndex.in_memory([])
    sources.update([DOCUMENTS])
    app.state.graph = build_graph().compile()
    app.state.context = Context(models=models_from(settings), sources=sources, limits=settings.run_limits)
    yield
    sources.close()


app = FastAPI(lifespan=lifespan)


@app.post("/research")
async def research(brief: Brief, request: Request) -> StreamingResponse:
    """Run the brief and stream what happens."""
    return StreamingResponse(lines(brief, request.app), media_type="application/x-ndjson")


async def lines(brief: Brief, app: FastAPI) -> AsyncIterator[str]:
    """One JSON object a line."""
    stream = app.state.graph.astream(
        {"brief": brief.model_dump(mode="json")},
        context=app.state.context,
        stream_mode=["custom", "values"],
        version="v2",
    )
    report = None
    async for part in stream:
        if part["type"] == "custom":
            yield json.dumps(part["data"]) + "\n"
        else:
            report = part["data"].get("report")
    yield json.dumps({"type": "report", "report": report}) + "\n"
