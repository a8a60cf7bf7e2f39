"""One request and its answer: refusal, fault, script, delivery, in the order in which an endpoint meets them."""

from __future__ import annotations

import inspect
import logging
import time
from email.utils import formatdate

from ..usage import Usage
from .capabilities import ApiError
from .chat import Answer, ChatRequest, as_answer
from .delivery import Delivery
from .endpoint import Endpoint
from .faults import Fault, FaultName
from .line import JSON, ClientLeft, Line
from .log import RequestLog
from .speech import speak, usage_of
from .wire import Wire, dumps

_LOGGER = logging.getLogger(__name__)

LOGIN_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body>Please sign in to the proxy.</body></html>"

ERRORS: dict[FaultName, ApiError] = {
    "rate_limit": ApiError(429, "Rate limit reached for requests.", "rate_limit_exceeded", type="requests"),
    "server_error": ApiError(500, "The server had an error while processing your request.", type="server_error"),
    "unavailable": ApiError(503, "The engine is currently overloaded, please try again later.", type="server_error"),
}


class Exchange:
    """Serves one request whose log entry is open, and sees that the entry is closed.

    A script that raises is answered with a 400 of code `script_error`, which no client repeats.
    """

    def __init__(self, endpoint: Endpoint, log: RequestLog, line: Line, request: ChatRequest, cached: int) -> None:
        self._endpoint, self._log, self._line, self._request = endpoint, log, line, request
        self._prompt = Usage(prompt_tokens=request.prompt_tokens, cached_tokens=cached)
        self._delivery: Delivery | None = None

    async def serve(self) -> None:
        """Answer the request, whatever that means for it."""
        try:
            await self._serve()
        except ClientLeft:
            usage = self._prompt if self._delivery is None else self._delivery.generated()
            kind = None if self._delivery is None else self._delivery.kind
            self._log.close(self._request.number, usage, client_left=True, status=self._line.status, fault=kind)
        finally:
            await self._line.close()

    async def fail(self, error: ApiError, fault: Fault | None = None) -> None:
        """Answer with an error; nothing is billed."""
        kind = None if fault is None else fault.kind
        self._log.close(
            self._request.number, Usage(), status=error.status, fault=kind, error=error.code or error.message
        )
        headers = _retry_after(fault) if error.status in (429, 503) else {}
        await self._line.whole(error.status, dumps(error.body), JSON | headers)

    async def _serve(self) -> None:
        refusal = self._endpoint.refuse(self._request)
        if refusal is not None:
            await self.fail(refusal)
            return
        fault = None if self._endpoint.faults is None else self._endpoint.faults(self._request)
        if await self._wordless(fault):
            return
        try:
            answer = await self._script()
            if fault is None and await self._wordless(answer.fault):
                return
            self._delivery = self._prepare(answer, fault or answer.fault)
        except ClientLeft:
            raise
        except Exception as error:
            _LOGGER.exception("the script of the test server failed on request %d", self._request.number)
            await self.fail(ApiError(400, f"The test server's script raised {error!r}.", "script_error"))
            return
        await self._delivery.deliver()

    async def _wordless(self, fault: Fault | None) -> bool:
        """Whether the fault needs no words of the model's; then it has been served."""
        if fault is not None and fault.kind in ERRORS:
            await self.fail(ERRORS[fault.kind], fault)
        elif fault is not None and fault.kind == "wrong_content_type":
            self._log.close(self._request.number, Usage(), status=200, fault=fault.kind)
            await self._line.whole(200, LOGIN_PAGE, {"content-type": "text/html; charset=utf-8"})
        else:
            return False
        return True

    async def _script(self) -> Answer:
        said = self._endpoint.script(self._request)
        if inspect.isawaitable(said):
            said = await self._line.wait_for(said)
        return as_answer(said)

    def _prepare(self, answer: Answer, fault: Fault | None) -> Delivery:
        request = self._request
        speech = speak(answer, request, fault)
        timing = self._endpoint.latency(request).with_answer(answer)
        tokens_per_s = speech.tokens / timing.total_s if timing.total_s else timing.tokens_per_s
        options = request.body.get("stream_options")
        reasoning_field = self._endpoint.capabilities.reasoning
        return Delivery(
            number=request.number,
            line=self._line,
            log=self._log,
            wire=Wire(f"chatcmpl-{request.number}", request.model, int(time.time()), reasoning_field),
            speech=speech,
            timing=timing,
            usage=usage_of(answer, speech, self._prompt.prompt_tokens, self._prompt.cached_tokens),
            fault=fault,
            stream=request.stream,
            show_usage=isinstance(options, dict) and options.get("include_usage") is True,
            chunk_tokens=self._endpoint.chunk_at(tokens_per_s),
        )


def _retry_after(fault: Fault | None) -> dict[str, str]:
    if fault is None or fault.retry_after_s is None:
        return {}
    if fault.retry_after_date:
        return {"retry-after": formatdate(time.time() + fault.retry_after_s, usegmt=True)}
    return {"retry-after": f"{fault.retry_after_s:g}"}
