"""Settings of a job on their way to a worker: they go without their secrets, and get the worker's own back.

Law: a key goes only to the endpoint it was given for. So the worker adds its own key where its settings name the same
endpoint, and a job whose key no worker can know is refused before it is queued.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from foreplan.core.errors import SettingsError
from foreplan.core.settings import Settings
from foreplan.core.settings.shape import Endpoint

_TABLES = ("planner", "worker", "writer", "compressor", "judge")
_OF_THE_WORKER = {"jobs", "storage", "mcp", "telemetry"}


def without_secrets(settings: Settings) -> dict[str, Any]:
    """The settings as JSON: no key, nothing of MCP servers (whose variables and headers are secrets)."""
    data = settings.model_dump(mode="json", exclude_unset=True, exclude=_OF_THE_WORKER)
    for table in (data, *(data.get(name, {}) for name in _TABLES), *data.get("workers", {}).values()):
        table.pop("api_key", None)
    data.get("tools", {}).pop("web_search_api_key", None)
    return data


def with_own_secrets(data: dict[str, Any], own: Settings) -> Settings:
    """The job's settings with the worker's keys, MCP servers, storage, telemetry and job limits."""
    settings = Settings.model_validate(data)
    update: dict[str, Any] = {name: getattr(own, name) for name in _OF_THE_WORKER}
    if _same_place(settings, own):
        update["api_key"] = own.api_key
    for name in _TABLES:
        update[name] = _with_key(getattr(settings, name), getattr(own, name))
    update["workers"] = {
        name: _with_key(each, own.workers[name]) if name in own.workers else each
        for name, each in settings.workers.items()
    }
    if settings.tools.web_search == own.tools.web_search:
        key = {"web_search_api_key": own.tools.web_search_api_key}
        update["tools"] = settings.tools.model_copy(update=key)
    return settings.model_copy(update=update)


def check_keys(settings: Settings, own: Settings) -> None:
    """See that a worker with the settings `own` can know every key that a job needs.

    Raises:
        SettingsError: when it cannot; it names the table.
    """
    sent = with_own_secrets(without_secrets(settings), own)
    for (name, wanted), (_, found) in zip(_keys(settings), _keys(sent), strict=True):
        if wanted is not None and wanted != found:
            raise SettingsError(
                f"The key of {name} is for an endpoint that the worker's own settings do not name.",
                hint="Name the endpoint in foreplan.toml, or put the key into a variable and name it by `api_key_env`.",
            )


def _keys(settings: Settings) -> Iterator[tuple[str, Any]]:
    yield "the settings", settings.api_key
    for name in _TABLES:
        yield name, getattr(settings, name).api_key
    for name, each in sorted(settings.workers.items()):
        yield f"workers.{name}", each.api_key


def _with_key(endpoint: Endpoint, own: Endpoint) -> Endpoint:
    if own.api_key is None or not _same_place(endpoint, own):
        return endpoint
    return endpoint.model_copy(update={"api_key": own.api_key})


def _same_place(one: Settings | Endpoint, other: Settings | Endpoint) -> bool:
    return one.base_url == other.base_url and one.api_key_env == other.api_key_env
