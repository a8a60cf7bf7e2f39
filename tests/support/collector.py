"""A small OpenTelemetry collector on loopback: OTLP over HTTP goes in, decoded spans are kept for the test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Keeps what it gets. `answer` gives the HTTP status of each request; it may block, as a slow collector does."""

    def __init__(self, answer: Callable[[], int] = lambda: 200) -> None:
        self.spans: list[Any] = []
        self.resources: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._answer = answer
        self._got = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def wait_for(self, name: str, seconds: float = 20.0) -> Any:
        """The first span of this name, as soon as it is there."""
        with self._got:
            assert self._got.wait_for(lambda: name in self.names, seconds), self.names
        return next(span for span in self.spans if span.name == name)

    @property
    def names(self) -> list[str]:
        """Names of the spans so far."""
        return [span.name for span in self.spans]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = collector._answer()
                if status == 200:
                    collector._take(self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        return Handler

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._got:
            self.paths.append(path)
            self.headers.append({name.lower(): value for name, value in headers.items()})
            for group in request.resource_spans:
                self.resources.append(attributes_of(group.resource))
                self.spans += [span for scope in group.scope_spans for span in scope.spans]
            self._got.notify_all()


def attributes_of(carrier: Any) -> dict[str, Any]:
    """The attributes of a span, an event or a resource as plain values."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in carrier.attributes}
