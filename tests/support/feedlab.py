"""A site for tests of feeds: pages and RSS by path on the loopback address, with ETags, counting what was asked."""

from __future__ import annotations

import hashlib
import html
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class FeedSite:
    """`with FeedSite() as site`: `site.pages[path] = (content type, body)`; `site.asked` holds (path, status)."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.asked: list[tuple[str, int]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = site.answer(self.path, self.headers.get("If-None-Match", ""))
                site.asked.append((self.path, status))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("ETag", _tag(body))
                self.send_header("Content-Length", str(len(body) if status == 200 else 0))
                self.end_headers()
                if status == 200:
                    try:
                        self.wfile.write(body)
                    except ConnectionError:
                        self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, path: str, tag: str) -> tuple[int, str, bytes]:
        kind, body = self.pages.get(path, ("text/plain", b""))
        if path not in self.pages:
            return 404, kind, body
        return (304 if tag == _tag(body) else 200), kind, body

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def rss(self, path: str, items: Iterable[tuple[str, str]], **extra: str) -> str:
        """Serve a feed of (title, description) items; `extra` are further elements of each."""
        more = "".join(f"<{name}>{html.escape(value)}</{name}>" for name, value in extra.items())
        entries = "".join(
            f"<item><title>{html.escape(title)}</title><description>{html.escape(text)}</description>{more}</item>"
            for title, text in items
        )
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{entries}</channel></rss>'
        self.pages[path] = ("application/rss+xml", body.encode())
        return self.url(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'
