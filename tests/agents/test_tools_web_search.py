"""Each provider of `web_search` against a local server that speaks its protocol, and the toolset they join."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from langchain_core.tools import tool

from foreplan.agents.errors import ToolFailed
from foreplan.agents.tools.base import Excerpt
from foreplan.agents.tools.toolset import toolset
from foreplan.agents.tools.web_search import web_search_tool
from foreplan.core.errors import SettingsError
from foreplan.core.settings.shape import ToolSettings

HIT = {"title": "Lake Orvane", "url": "https://lakes.example/orvane", "content": "It is 212 metres deep."}
PAGE = """<html><body><div class="result body"><h2><a>Lake Orvane</a></h2>
<a href="https://lakes.example/orvane">It is 212 metres deep.</a></div></body></html>"""


class Answering:
    """Answers every request with one status and body, and keeps what was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, json.dumps({"results": [HIT]})
        self.asked: list[tuple[str, dict[str, str], str]] = []
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

            def _answer(self, sent: str) -> None:
                mine.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, sent))
                body = mine.body.encode()
                self.send_response(mine.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def answering() -> Iterator[Answering]:
    server = Answering()
    yield server
    server.close()


async def hits(provider: str, base_url: str, api_key: str | None = None) -> tuple[Excerpt, ...]:
    search = web_search_tool(provider, base_url=base_url, api_key=api_key, max_seconds=5)
    call = {"type": "tool_call", "id": "1", "name": "web_search", "args": {"query": "depth of Lake Orvane"}}
    return (await search.ainvoke(call)).artifact  # type: ignore[no-any-return]


EXPECTED = (Excerpt(HIT["content"], 0, len(HIT["content"]), HIT["title"], HIT["url"]),)


async def test_tavily(answering: Answering) -> None:
    assert await hits("tavily", answering.url, "key-1") == EXPECTED
    path, headers, sent = answering.asked[0]
    assert path == "/search"
    assert headers["authorization"] == "Bearer key-1"
    assert json.loads(sent)["query"] == "depth of Lake Orvane"


async def test_searxng(answering: Answering) -> None:
    assert await hits("searxng", answering.url + "/") == EXPECTED
    parts = urlsplit(answering.asked[0][0])
    assert parts.path == "/search"
    assert parse_qs(parts.query) == {"q": ["depth of Lake Orvane"], "format": ["json"]}


async def test_duckduckgo(answering: Answering) -> None:
    answering.body = PAGE
    assert await hits("duckduckgo", answering.url + "/html/") == EXPECTED
    assert answering.asked[0][0] == "/html/"
    assert parse_qs(answering.asked[0][2])["q"] == ["depth of Lake Orvane"]


@pytest.mark.parametrize(
    ("provider", "status", "kind"),
    [
        ("tavily", 401, "auth"), ("tavily", 400, "refused"), ("tavily", 429, "transient"), ("tavily", 500, "transient"),
        ("searxng", 403, "refused"), ("searxng", 429, "transient"), ("searxng", 500, "transient"),
        ("searxng", 404, "refused"), ("duckduckgo", 202, "transient"), ("duckduckgo", 500, "transient"),
    ],
)  # fmt: skip
async def test_failures_say_whether_they_may_pass(answering: Answering, provider: str, status: int, kind: str) -> None:
    answering.status, answering.body = status, "{}"
    with pytest.raises(ToolFailed) as failed:
        await hits(provider, answering.url, "key-1")
    assert failed.value.kind == kind


@pytest.mark.parametrize("provider", ["tavily", "searxng"])
@pytest.mark.parametrize("body", ["", "[]", "{", '{"results": {}}', '{"results": "x"}', '{"results": null}'])
async def test_answers_of_a_wrong_shape_are_failures(answering: Answering, provider: str, body: str) -> None:
    answering.body = body
    with pytest.raises(ToolFailed) as failed:
        await hits(provider, answering.url, "key-1")
    assert failed.value.kind == "malformed"


@pytest.mark.parametrize("provider", ["tavily", "searxng"])
async def test_malformed_entries_are_skipped(answering: Answering, provider: str) -> None:
    entries: list[object] = [None, 3, [], {"url": 1, "content": "x"}, {"url": "u"}, {"url": "u", "content": " "}, HIT]
    answering.body = json.dumps({"results": entries})
    assert await hits(provider, answering.url, "key-1") == EXPECTED


@pytest.mark.parametrize("provider", ["tavily", "searxng", "duckduckgo"])
async def test_a_dead_server_is_a_passing_failure(provider: str) -> None:
    with pytest.raises(ToolFailed) as failed:
        await hits(provider, "http://127.0.0.1:1", "key-1")
    assert failed.value.kind == "transient"


@pytest.mark.parametrize(("provider", "module"), [("tavily", "tavily"), ("duckduckgo", "ddgs.engines.duckduckgo")])
def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch, provider: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingsError, match=r"pip install 'foreplan\[web\]'"):
        web_search_tool(provider)


def test_searxng_needs_an_address_and_unknown_providers_are_named() -> None:
    with pytest.raises(SettingsError, match="web_search_base_url"):
        web_search_tool("searxng")
    with pytest.raises(SettingsError, match="duckduckgo, searxng, tavily"):
        web_search_tool("altavista")


@tool
def fetch(url: str) -> str:
    """The user's own fetch."""
    return url


async def test_toolset_joins_the_users_tools_with_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    async with toolset(ToolSettings()) as tools:
        assert tools == []
    monkeypatch.setenv("SEARCH_KEY", "key-1")
    settings = ToolSettings(web_search="tavily", web_search_api_key_env="SEARCH_KEY")
    async with toolset(settings) as tools:
        assert [each.name for each in tools] == ["web_search", "fetch"]
    async with toolset(ToolSettings(web_search="tavily", fetch=False), own=[fetch]) as tools:
        assert tools[0] is fetch
        assert [each.name for each in tools] == ["fetch", "web_search"]


async def test_toolset_refuses_a_name_taken_twice_and_a_key_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEARCH_KEY", raising=False)
    with pytest.raises(SettingsError, match="'fetch'"):
        async with toolset(ToolSettings(fetch=True), own=[fetch]):
            pass
    with pytest.raises(SettingsError, match="SEARCH_KEY"):
        async with toolset(ToolSettings(web_search="tavily", web_search_api_key_env="SEARCH_KEY")):
            pass
