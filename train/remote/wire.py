"""What is said to a vLLM server: JSON goes out and comes back, and every way that can fail is one kind of error.

Law: a server that does not answer pauses a training; one that refuses what it was told is a fault to mend.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from ..errors import RecipeError, TrainingPaused

_ATTEMPTS = 4
_PAST = (408, 429, 500, 502, 503, 504)


class _Passing(Exception):
    """A fault that may pass."""


class Server:
    """One vLLM server. `url` ends in `/v1`."""

    def __init__(self, url: str, *, key: str = "", timeout_s: float = 600.0) -> None:
        """Nothing is sent before the first call."""
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(timeout=timeout_s, headers=headers)
        parts = urlsplit(self.url)
        self.name = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._root = self.url.removesuffix("/v1")

    def post(self, path: str, body: Any, *, root: bool = False) -> Any:
        """The answer's JSON, or its text where it is none; `root` calls outside of `/v1`.

        Raises:
            TrainingPaused: when the server cannot be reached, or fails again and again.
            RecipeError: when it refuses the request.
        """
        waits = wait_exponential_jitter(max=10)
        tries = Retrying(
            stop=stop_after_attempt(_ATTEMPTS), wait=waits, retry=retry_if_exception_type(_Passing), reraise=True
        )
        try:
            return tries(self._once, f"{self._root if root else self.url}{path}", body)
        except _Passing as error:
            raise TrainingPaused(
                f"The server at {self.name} does not answer: {error}",
                hint="Start it again; the training goes on from its checkpoint.",
            ) from error

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _once(self, url: str, body: Any) -> Any:
        try:
            answer = self._client.post(url, json=body)
        except httpx.HTTPError as error:
            raise _Passing(str(error)[:300] or type(error).__name__) from error
        said = answer.text[:300]
        if answer.status_code in _PAST:
            raise _Passing(f"HTTP {answer.status_code}: {said}")
        if answer.status_code >= 400:
            raise RecipeError(
                f"The server at {self.name} refuses {url.rpartition('/')[2]} (HTTP {answer.status_code}): {said}",
                hint="See docs/training.md for how to start vLLM for training.",
            )
        try:
            return answer.json()
        except ValueError:
            return answer.text
