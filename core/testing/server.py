"""`ModelServer`: an OpenAI-compatible server in a thread of this process, for tests over real HTTP.

A script goes in, a base URL comes out. Loopback only, on a port that the operating system chooses.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.server import ServerState

from .app import build_app
from .chat import Script
from .endpoint import Endpoint
from .line import HangUpProtocol
from .log import Logged, RequestLog
from .punctual import punctual_loop

BACKLOG = 2048
STOP_S = 5.0


class ModelServer:
    """Serves an `Endpoint`, or a script with the endpoint's other fields as keywords.

    Use it as a context manager, or call `start` and `stop`. Both forms, `with` and `async with`, do the same.
    """

    def __init__(self, script: Script | Endpoint, *, log_path: Path | None = None, **fields: Any) -> None:
        self.endpoint = script if isinstance(script, Endpoint) else Endpoint(script, **fields)
        self._log = RequestLog(log_path)
        self._port: int | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The base URL that a client takes, `http://127.0.0.1:PORT/v1`; once stopped, that of a dead endpoint."""
        if self._port is None:
            raise RuntimeError("the test server was not started: use it in a `with` block, or call start()")
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def log(self) -> list[Logged]:
        """All requests so far, in order of arrival."""
        return self._log.entries

    @property
    def tokens_billed(self) -> int:
        """Tokens that all calls so far would be billed."""
        return self._log.tokens_billed

    @property
    def peak_in_flight(self) -> int:
        """The most requests that were in flight at once."""
        return self._log.peak_in_flight

    def wait_idle(self, timeout_s: float = 10.0) -> bool:
        """Wait until no request is in flight; False when the time is up first."""
        return self._log.wait_idle(timeout_s)

    def clear_log(self) -> None:
        """Forget what was logged of calls that are over."""
        self._log.clear()

    def start(self) -> Self:
        """Listen, and serve in a thread."""
        listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        # Connections inherit it. Without, a whole answer waits some 40 ms for the acknowledgement of its own headers.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._port = listening.getsockname()[1]
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(listening, ready), daemon=True)
        self._thread.start()
        ready.result()
        return self

    def stop(self) -> None:
        """Hang up on whoever is connected, and end the thread."""
        if self._thread is not None and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._log.shut()
        self._thread = None

    def _run(self, listening: socket.socket, ready: Future[None]) -> None:
        try:
            with asyncio.Runner(loop_factory=punctual_loop) as runner:
                runner.run(self._serve(listening, ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, listening: socket.socket, ready: Future[None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = build_app(self.endpoint, self._log)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http=HangUpProtocol,
            timeout_keep_alive=60,
        )
        config.load()
        state = ServerState()
        server = await self._loop.create_server(lambda: HangUpProtocol(config, state, {}), sock=listening)
        ready.set_result(None)
        try:
            await self._stop.wait()
        finally:
            server.close()
            for connection in list(state.connections):
                connection.transport.abort()
            if state.tasks:
                await asyncio.wait(state.tasks, timeout=STOP_S)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)
