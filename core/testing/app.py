"""The test server's ASGI app: chat completions, models, log and health over one `Endpoint` and one `RequestLog`."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from dataclasses import replace
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from .capabilities import ApiError
from .chat import BadRequest, ChatRequest
from .endpoint import Endpoint
from .exchange import Exchange
from .line import Line
from .log import Logged, RequestLog
from .tokens import PrefixCache
from .wire import dumps


def build_app(endpoint: Endpoint, log: RequestLog) -> Router:
    """The app: POST /v1/chat/completions, GET /v1/models, GET /log, GET /health, GET /idle (waits)."""

    async def models(request: Request) -> JSONResponse:
        names = endpoint.models if endpoint.models is not None else sorted({entry.model for entry in log.entries})
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "foreplan"} for name in names]
        return JSONResponse({"object": "list", "data": rows})

    async def show_log(request: Request) -> Response:
        return Response(dumps([vars(entry) for entry in log.entries]), media_type="application/json")

    async def health(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def idle(request: Request) -> JSONResponse:
        timeout_s = float(request.query_params.get("timeout_s", "10"))
        return JSONResponse({"idle": await asyncio.to_thread(log.wait_idle, timeout_s)})

    return Router(
        [
            Route("/v1/chat/completions", ChatCompletions(endpoint, log)),
            Route("/v1/models", models),
            Route("/log", show_log),
            Route("/health", health),
            Route("/idle", idle),
        ]
    )


class ChatCompletions:
    """The chat endpoint as an ASGI app of its own, so that it can hang up and can see clients leave."""

    def __init__(self, endpoint: Endpoint, log: RequestLog) -> None:
        self._endpoint, self._log = endpoint, log
        self._cache = PrefixCache()
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one that its client leaves before it is read was never made."""
        line = Line(scope, receive, send)
        number = next(self._numbers)
        try:
            request = await self._read(line, number)
        except ClientDisconnect:
            return
        except BadRequest as error:
            await self._turn_down(line, number, ApiError(400, str(error), "invalid_value", error.param))
            return
        cached = self._cache.lookup(request.model, request.prompt)
        self._log.open(self._entry(request, cached))
        await Exchange(self._endpoint, self._log, line, request, cached).serve()

    async def _read(self, line: Line, number: int) -> ChatRequest:
        raw = await line.request.body()
        if line.request.method != "POST":
            raise BadRequest(f"Not allowed to {line.request.method} on /v1/chat/completions.")
        try:
            body: Any = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise BadRequest("We could not parse the JSON body of your request.") from error
        return ChatRequest.parse(body, dict(line.request.headers), number)

    def _entry(self, request: ChatRequest, cached: int) -> Logged:
        entry = Logged(
            number=request.number, model=request.model, started_at=time.time(), stream=request.stream,
            prompt_tokens=request.prompt_tokens, cached_tokens=cached,
        )  # fmt: skip
        return replace(entry, messages=request.messages, tools=request.tools) if self._endpoint.keep_messages else entry

    async def _turn_down(self, line: Line, number: int, error: ApiError) -> None:
        request = ChatRequest(model="", messages=(), number=number)
        self._log.open(self._entry(request, 0))
        await Exchange(self._endpoint, self._log, line, request, 0).fail(error)
