"""OpenAI's own client against a test server: one connection pool for all tests, since loading certificates is slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import openai

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "hello"}]

_CLIENT = openai.OpenAI(base_url="http://127.0.0.1", api_key="k", max_retries=0, timeout=5)


def client(url: str, **settings: Any) -> Any:
    """A client of the server at `url`; untyped, since tests send what its types forbid."""
    return _CLIENT.with_options(base_url=url, **settings)


def ask(url: str, messages: Sequence[Any] = HELLO, *, model: str = "m", **fields: Any) -> Any:
    """The answer: a completion, or a stream with `stream=True`."""
    return client(url).chat.completions.create(model=model, messages=messages, **fields)
