"""Which endpoint each role gets: settings go in, one `ModelSpec` a role comes out, or none at all (embedded).

Writer and judge fall back to the planner, compressor and pool to the worker, planner and worker to the first keys of
the settings. Two laws: a key goes only to the endpoint it was given for, so a role with its own `base_url` never gets
another one's key; and what describes a model (prices, window, quirks) is not inherited by a role with another model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from ..errors import SettingsError
from ..models.spec import ModelSpec
from ..usage import Price
from .shape import Endpoint, PoolWorker, Settings

_WITH_ENDPOINT = ("base_url", "api_key", "api_key_env")
_WITH_MODEL = ("model", "price_prompt", "price_completion", "price_cached", "window_tokens", "extra_body", "quirks")
_ALONE = ("effort", "max_completion_tokens", "concurrency", "timeout_s")


@dataclass(frozen=True)
class RoleSpecs:
    """The roles of a run. Without a planner there are no others, and the run is embedded."""

    planner: ModelSpec | None = None
    worker: ModelSpec | None = None
    writer: ModelSpec | None = None
    compressor: ModelSpec | None = None
    judge: ModelSpec | None = None
    pool: Mapping[str, ModelSpec] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Whether no model is configured."""
        return self.planner is None


def role_specs(settings: Settings) -> RoleSpecs:
    """Every role with its fallbacks resolved and its key read.

    Raises:
        SettingsError: when a role that is needed has no model, or a key's variable is not set.
    """
    top = Endpoint(**{name: getattr(settings, name) for name in ("model", *_WITH_ENDPOINT)})
    roles = (settings.planner, settings.worker, settings.writer, settings.compressor, settings.judge)
    named = [*roles, *settings.workers.values()]
    if settings.embedded or not any(each.model for each in (top, *named)):
        return RoleSpecs()
    planner = _fill(settings.planner, top)
    worker = _fill(settings.worker, top)
    if worker.model is None and settings.workers:
        worker = _fill(next(iter(settings.workers.values())), worker)
    return RoleSpecs(
        planner=_spec("planner", planner),
        worker=_spec("worker", worker),
        writer=_spec("writer", _fill(settings.writer, planner)),
        compressor=_spec("compressor", _fill(settings.compressor, worker)),
        judge=_spec("judge", _fill(settings.judge, planner)),
        pool={name: _spec(f"workers.{name}", _fill(own, worker), own) for name, own in settings.workers.items()},
    )


def _fill(own: Endpoint, fallback: Endpoint) -> Endpoint:
    taken: dict[str, Any] = {name: getattr(own, name) for name in (*_WITH_ENDPOINT, *_WITH_MODEL, *_ALONE)}
    if own.base_url is None and own.api_key is None and own.api_key_env is None:
        taken |= {name: getattr(fallback, name) for name in _WITH_ENDPOINT}
    elif own.base_url is None:
        taken["base_url"] = fallback.base_url
    if own.model is None:
        unset = [name for name in _WITH_MODEL if name not in own.model_fields_set]
        taken |= {name: getattr(fallback, name) for name in unset}
    taken |= {name: getattr(fallback, name) for name in _ALONE if taken[name] is None}
    return Endpoint.model_construct(**taken)


def _spec(role: str, endpoint: Endpoint, pool: PoolWorker | None = None) -> ModelSpec:
    if endpoint.model is None:
        raise SettingsError(
            f"Some roles have a model, but the {role} has none.",
            hint=f"Give all roles one with --model or `model`, or this one with `[{role}] model` in foreplan.toml.",
        )
    optional = {"window_tokens": endpoint.window_tokens} | {name: getattr(endpoint, name) for name in _ALONE}
    return ModelSpec(
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=_key(role, endpoint),
        price=_price(endpoint),
        quirks=endpoint.quirks,
        extra_body=endpoint.extra_body,
        good_at=pool.good_at if pool else "",
        **{name: value for name, value in optional.items() if value is not None},
    )


def _key(role: str, endpoint: Endpoint) -> SecretStr | None:
    if endpoint.api_key is not None or endpoint.api_key_env is None:
        return endpoint.api_key
    key = os.environ.get(endpoint.api_key_env, "").strip()
    if not key:
        raise SettingsError(
            f"The key of the {role} is to be in the variable {endpoint.api_key_env}, which is not set.",
            hint=f"Set {endpoint.api_key_env}, or change `api_key_env`.",
        )
    return SecretStr(key)


def _price(endpoint: Endpoint) -> Price | None:
    prices = (endpoint.price_prompt, endpoint.price_completion, endpoint.price_cached)
    if all(price is None for price in prices):
        return None
    return Price(prices[0] or 0.0, prices[1] or 0.0, prices[2])
