"""What a test server is to be: one value that `ModelServer` and the process form both take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from .capabilities import ApiError, Capabilities
from .chat import ChatRequest, Script
from .injectors import Injector
from .latency import Constant, Latency

EVENTS_PER_S = 100


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint.

    Attributes:
        script: what its models say.
        latency: how long they take, unless an answer says so itself.
        faults: what goes wrong, unless an answer says so itself.
        capabilities: what it accepts.
        models: names it knows; None for any.
        key: the bearer key it wants; None for any or none.
        window: tokens of prompt and answer together that it takes; None for no limit.
        chunk_tokens: size of a streamed piece where no speed is set; with one, at most 100 pieces come a second.
        keep_messages: whether the log keeps messages and tools.
    """

    script: Script
    latency: Latency = field(default_factory=Constant)
    faults: Injector | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    models: Sequence[str] | None = None
    key: str | None = None
    window: int | None = None
    chunk_tokens: int = 4
    keep_messages: bool = True

    def refuse(self, request: ChatRequest) -> ApiError | None:
        """Why this request is not served, or None."""
        if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
            return ApiError(401, "Incorrect API key provided.", "invalid_api_key")
        if self.models is not None and request.model not in self.models:
            message = f"The model `{request.model[:100]}` does not exist or you do not have access to it."
            return ApiError(404, message, "model_not_found", "model")
        return self.capabilities.refuse(request) or self._overflow(request)

    def _overflow(self, request: ChatRequest) -> ApiError | None:
        wanted = request.prompt_tokens + (request.max_completion_tokens or 1)
        if self.window is None or wanted <= self.window:
            return None
        message = (
            f"This model's maximum context length is {self.window} tokens. However, you requested {wanted} tokens "
            f"({request.prompt_tokens} in the messages, {wanted - request.prompt_tokens} in the completion). "
            "Please reduce the length of the messages or completion."
        )
        return ApiError(400, message, "context_length_exceeded", "messages")

    def chunk_at(self, tokens_per_s: float) -> int:
        """Tokens of one streamed piece at this speed: single tokens where these come slower than 100 a second."""
        return self.chunk_tokens if math.isinf(tokens_per_s) else max(1, int(tokens_per_s / EVENTS_PER_S))
