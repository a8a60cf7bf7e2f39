"""The settings a user may give, as frozen types. Every key has a description; docs/configuration.md is made from them.

Nothing here reads a file or a variable: an app that embeds Foreplan can build `Settings(...)` itself.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from ..limits import Limits
from ..models.base import Effort
from ..models.quirks import Quirks

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]*$"
URL_PATTERN = r"^https?://\S+$"
DATABASE_PATTERN = r"^postgres(ql)?://\S+$"

_DEFAULT_LIMITS = Limits()


def _none_word(value: Any) -> Any:
    """TOML and environment variables have no null, so the word `none` stands for it."""
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _local(value: datetime | None) -> datetime | None:
    """A time that names no zone is meant here."""
    try:
        return value and value.astimezone()
    except OverflowError as error:
        raise ValueError("the date is out of range") from error


PerMillion = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Window = Annotated[int, Field(ge=256, le=1_000_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=40, pattern=NAME_PATTERN)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Url = Annotated[str, Field(pattern=URL_PATTERN, max_length=2_000)]


class Table(BaseModel):
    """A table of the settings file: frozen, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Endpoint(Table):
    """Where one role's model is and what may be asked of it. What is not set falls back, see `roles`."""

    model: Word | None = Field(default=None, description="Model name as the endpoint knows it.")
    base_url: Url | None = Field(default=None, description="OpenAI-compatible URL, mostly ending in `/v1`.")
    api_key: SecretStr | None = Field(default=None, description="Key sent to the endpoint. Prefer `api_key_env`.")
    api_key_env: Word | None = Field(default=None, description="Name of the environment variable that holds the key.")
    effort: Effort | None = Field(
        default=None,
        description="Reasoning effort: `low`, `medium` or `high`. Subtasks may ask for another.",
    )
    price_prompt: PerMillion | None = Field(default=None, description="Dollars per million prompt tokens.")
    price_completion: PerMillion | None = Field(default=None, description="Dollars per million completion tokens.")
    price_cached: PerMillion | None = Field(
        default=None, description="Dollars per million prompt tokens served from the endpoint's prefix cache."
    )
    window_tokens: Window | None = Field(default=None, description="Tokens the model's context window holds.")
    max_completion_tokens: Count | None = Field(default=None, description="Most tokens one answer may have.")
    concurrency: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="Most calls in flight to this endpoint."
    )
    calls_per_minute: Count | None = Field(
        default=None, description="Most calls begun in any minute at this endpoint, by all runs of a process together."
    )
    timeout_s: Positive | None = Field(
        default=None, description="Longest wait in seconds for a whole answer, or for the next piece of a streamed one."
    )
    hedge: Annotated[float, Field(ge=0.5, lt=1)] | None = Field(
        default=None,
        description="Make a call a second time when it is slower than this share of the calls before it, such as 0.95; "
        "the first answer counts, both are paid.",
    )
    extra_body: dict[str, Any] = Field(
        default_factory=dict, description="Parameters sent with each call as they are, for the endpoint's own options."
    )
    quirks: Quirks = Field(
        default_factory=Quirks, description="What the endpoint does differently; most are known or found out."
    )


class PoolWorker(Endpoint):
    """One worker of the pool, with a line from which the planner chooses."""

    good_at: Annotated[str, Field(max_length=300)] = Field(
        default="", description="One line on what this worker is good at; the planner reads it."
    )


class LimitSettings(Table):
    """What one run may spend."""

    tokens: Annotated[Count | None, BeforeValidator(_none_word)] = Field(
        default=_DEFAULT_LIMITS.tokens,
        description="Tokens of all calls, thinking included; `none` for no limit.",
    )
    dollars: Annotated[Positive | None, BeforeValidator(_none_word)] = Field(
        default=_DEFAULT_LIMITS.dollars, description="Priced spend of all calls; needs prices."
    )
    seconds: Annotated[Positive | None, BeforeValidator(_none_word)] = Field(
        default=_DEFAULT_LIMITS.seconds, description="Wall time of the run."
    )
    deadline: Annotated[datetime | None, BeforeValidator(_none_word), AfterValidator(_local)] = Field(
        default=None,
        description="When the run has to be over, such as `2026-12-01T07:00` (here) or `2026-12-01T07:00Z`; "
        "what a job waits in the queue counts.",
    )
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=_DEFAULT_LIMITS.concurrency, description="Subtasks worked on at the same time."
    )
    writer_share: Annotated[float, Field(ge=0.01, le=0.9)] = Field(
        default=_DEFAULT_LIMITS.writer_share, description="Part of the budget that only the writer may spend."
    )
    max_revisions: Annotated[int, Field(ge=0, le=20)] = Field(
        default=_DEFAULT_LIMITS.max_revisions, description="How often the planner may change the plan after failures."
    )
    budgets: Literal["plan", "forecast"] = Field(
        default="plan",
        description="Who sets subtasks' budgets: `plan`, the planner; `forecast`, the history of the home's runs, "
        "which also corrects the planner's forecasts.",
    )


class ToolSettings(Table):
    """The tools that reach outside the sources. Searching and reading sources and arithmetic are always there."""

    fetch: bool | None = Field(default=None, description="Read web pages. Unset, it is on when `web_search` is.")
    allow_hosts: tuple[Annotated[str, Field(max_length=253)], ...] = Field(
        default=(), description="Hosts that `fetch` may reach although their address is private or loopback."
    )
    web_search: Literal["tavily", "searxng", "duckduckgo"] | None = Field(
        default=None,
        description="Search provider: `tavily`, `searxng` or `duckduckgo`; unset, no search.",
    )
    web_search_base_url: Url | None = Field(
        default=None, description="Base URL of the provider: needed for SearXNG, optional for the others."
    )
    web_search_api_key: SecretStr | None = Field(default=None, description="Key of the provider. Prefer the next one.")
    web_search_api_key_env: Word | None = Field(
        default=None, description="Name of the environment variable that holds the provider's key."
    )


class McpServer(Table):
    """A server of tools that speaks the Model Context Protocol: a command to start, or a URL to reach."""

    command: Annotated[str, Field(min_length=1, max_length=2_000)] | None = Field(
        default=None, description="Program to start; it speaks MCP over stdin and stdout."
    )
    args: tuple[str, ...] = Field(default=(), description="Its arguments.")
    env: dict[str, str] = Field(default_factory=dict, repr=False, description="Variables to set for it.")
    url: Url | None = Field(default=None, description="URL of a server that speaks MCP over HTTP.")
    headers: dict[str, str] = Field(default_factory=dict, repr=False, description="HTTP headers to send to it.")

    @model_validator(mode="after")
    def _one_way_in(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise ValueError("give either `command` or `url`")
        return self


class StorageSettings(Table):
    """Where runs and indexes are kept."""

    home: Path | None = Field(default=None, description="Folder of runs and indexes; unset, the user data folder.")
    project: Word | None = Field(
        default=None, description="Name of the project whose runs share lessons; unset, each working folder is one."
    )
    keep_days: Annotated[Annotated[int, Field(ge=1, le=36_500)] | None, BeforeValidator(_none_word)] = Field(
        default=90, description="Finished runs older than this are deleted when a new one starts; `none` keeps them."
    )


class JobSettings(Table):
    """Jobs: runs in the background."""

    database: Annotated[str, Field(pattern=DATABASE_PATTERN, max_length=2_000)] | None = Field(
        default=None,
        description="URL of a PostgreSQL database that several machines share (`postgresql://…`); unset, a SQLite file "
        "below the home.",
    )
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = Field(default=4, description="Jobs at once in one worker.")
    in_all: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Jobs at once in all workers together; unset, as many as the workers take."
    )
    daily_tokens: Count | None = Field(
        default=None, description="Tokens that all jobs may spend in a day (UTC); then they wait for the next."
    )
    daily_dollars: Positive | None = Field(
        default=None, description="Dollars that all jobs may spend in a day (UTC); needs prices."
    )


class TelemetrySettings(Table):
    """Where the spans of a run are sent while it goes, beside its trace. Needs the extra `otel`."""

    endpoint: Url | None = Field(
        default=None,
        description="OpenTelemetry collector that speaks OTLP over HTTP, such as `http://localhost:4318`; unset, "
        "`OTEL_EXPORTER_OTLP_ENDPOINT`, and without that nothing is sent.",
    )
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="HTTP headers to send to it.")


class Settings(Table):
    """All settings. The first keys apply to every role that does not say otherwise in its own table."""

    model: Word | None = Field(default=None, description="Model of every role without its own.")
    base_url: Url | None = Field(default=None, description="Endpoint of every role without its own; unset, OpenAI's.")
    api_key: SecretStr | None = Field(default=None, description="Key for `base_url`. Prefer `api_key_env`.")
    api_key_env: Word | None = Field(
        default=None, description="Name of the environment variable that holds the key for `base_url`."
    )
    embedded: bool = Field(default=False, description="Use no model at all, even if one is configured.")
    vary_workers: bool = Field(
        default=False, description="Give a subtask's further attempts to the other workers of the pool, in their order."
    )
    planner: Endpoint = Field(default_factory=Endpoint, description="Writes and revises the plan.")
    worker: Endpoint = Field(default_factory=Endpoint, description="Works on subtasks.")
    workers: dict[Name, PoolWorker] = Field(
        default_factory=dict, description="A pool of workers by name; each falls back to `worker`."
    )
    writer: Endpoint = Field(default_factory=Endpoint, description="Writes the report; falls back to `planner`.")
    compressor: Endpoint = Field(
        default_factory=Endpoint, description="Reads long tool output for workers, if it is another model than theirs."
    )
    judge: Endpoint = Field(default_factory=Endpoint, description="Compares and grades; falls back to `planner`.")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="What one run may spend.")
    tools: ToolSettings = Field(default_factory=ToolSettings, description="Tools that reach outside the sources.")
    mcp: dict[Name, McpServer] = Field(default_factory=dict, description="MCP servers by name.")
    storage: StorageSettings = Field(default_factory=StorageSettings, description="Where runs are kept.")
    telemetry: TelemetrySettings = Field(
        default_factory=TelemetrySettings, description="Where the spans of runs are sent to."
    )
    jobs: JobSettings = Field(default_factory=JobSettings, description="Runs in the background.")

    @property
    def run_limits(self) -> Limits:
        """The limits as the ledger takes them."""
        given = self.limits
        deadline = None if given.deadline is None else given.deadline.timestamp()
        return Limits(**given.model_dump(exclude={"budgets", "deadline"}), deadline=deadline)
