"""ModelSpec: everything the user says about one model at one endpoint. Settings go in, a frozen value comes out.

Law: the key never appears in a repr, a dump or an error message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from ..usage import Price
from .base import Effort
from .prices import list_price
from .quirks import OPENAI_URL, Quirks, known_quirks


class ModelSpec(BaseModel):
    """One model at one OpenAI-compatible endpoint.

    Attributes:
        model: the name the endpoint knows it by.
        base_url: the endpoint, up to and with `/v1`; None for OpenAI's own.
        api_key: the bearer key; None where none is needed.
        effort: reasoning effort when a call asks for none.
        price: dollars per million tokens; None takes the list price where it is known.
        window_tokens: prompt and answer together; None when not known.
        max_completion_tokens: longest answer, thinking included, when a call asks for none.
        concurrency: calls at the same time at this endpoint, shared by all models with its URL and key.
        calls_per_minute: calls begun in any minute at this endpoint, shared alike; None for no limit.
        good_at: one line for the planner that chooses among workers.
        quirks: what differs from what is known of this model; only fields that are set count.
        timeout_s: longest wait for a whole answer, or for the next piece of a streamed one.
        hedge: share of the calls (0..1) that a whole answer may be slower than before it is asked for a second time;
            None never asks twice.
        extra_body: parameters sent with each call as they are (`{"top_k": 20}`).
        extra_headers: HTTP headers sent with each call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, Field(min_length=1, max_length=300)]
    base_url: str | None = None
    api_key: SecretStr | None = None
    effort: Effort | None = None
    price: Price | None = None
    window_tokens: Annotated[int, Field(ge=256)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] = 4096
    concurrency: Annotated[int, Field(ge=1)] = 8
    calls_per_minute: Annotated[int, Field(ge=1)] | None = None
    good_at: Annotated[str, Field(max_length=500)] = ""
    quirks: Quirks = Quirks()
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    hedge: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    extra_body: Mapping[str, Any] = Field(default_factory=dict)
    extra_headers: Mapping[str, str] = Field(default_factory=dict, repr=False)

    @field_validator("base_url")
    @classmethod
    def _is_http_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("base_url must look like https://host/v1")
        return value.rstrip("/")

    @property
    def endpoint(self) -> str:
        """The URL that is called, without credentials that may stand in it."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def url(self) -> str:
        """The URL that is called."""
        return self.base_url or OPENAI_URL

    @property
    def key(self) -> str:
        """The key in plain text, empty when there is none. For clients only: never log it."""
        return self.api_key.get_secret_value() if self.api_key else ""

    @property
    def known_price(self) -> Price | None:
        """The price set, or the list price; None when neither is known."""
        return self.price or list_price(self.model, self.base_url)

    @property
    def all_quirks(self) -> Quirks:
        """What is known of this model, overlaid with what the user set."""
        return known_quirks(self.model, self.base_url).overlaid(self.quirks)
