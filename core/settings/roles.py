"""Which endpoint each role gets: settings go in, one `ModelSpec` a role comes out, or none at all (embedded).

Writer and judge fall back to the planner, compressor and pool to the worker, planner and worker to the first keys of
the settings, key by key; a role with no model after that is left to `Models`. Two laws: a key goes only to the endpoint
it was given for, so a role with its own `base_url` never gets another one's key; and what describes a model (prices,
window, quirks) is not inherited by a role with another model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from ..errors import SettingsError
from ..models.retry import RetryPolicy
from ..models.roles import EndpointSlots, Models, build_models
from ..models.spec import ModelSpec
from ..usage import Price
from .shape import Endpoint, Settings

_WITH_ENDPOINT = ("base_url", "api_key", "api_key_env")
_WITH_MODEL = ("model", "price_prompt", "price_completion", "price_cached", "window_tokens", "extra_body", "quirks")
_ALONE = ("effort", "max_completion_tokens", "concurrency", "calls_per_minute", "timeout_s", "hedge")


@dataclass(frozen=True)
class RoleSpecs:
    """The models that are configured, by role and by name in the pool. None at all: the run is embedded.

    A role that is missing has no setting of its own anywhere in its line of fallbacks; `Models` finds it another.
    """

    roles: Mapping[str, ModelSpec] = field(default_factory=dict)
    pool: Mapping[str, ModelSpec] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Whether no model is configured."""
        return not self.roles and not self.pool


def models_from(settings: Settings, *, slots: EndpointSlots | None = None, retry: RetryPolicy | None = None) -> Models:
    """The models of a run; an empty `Models` when none is configured. `slots` and `retry` are as `build_models` has.

    Raises:
        SettingsError: when a key's variable is not set, or dollars are limited but a model's price is not known.
    """
    specs = role_specs(settings)
    unpriced = [spec.model for spec in (*specs.roles.values(), *specs.pool.values()) if spec.known_price is None]
    if settings.limits.dollars is not None and unpriced:
        raise SettingsError(
            f"Dollars are limited, but the price of {unpriced[0]} is not known, so its spend could not be.",
            hint="Set `price_prompt` and `price_completion` for it, or limit tokens with --budget instead.",
        )
    return Models() if specs.embedded else build_models(specs.roles, specs.pool, slots=slots, retry=retry)


def role_specs(settings: Settings) -> RoleSpecs:
    """Every role that has a model once its fallbacks are resolved, with its key read.

    Raises:
        SettingsError: when a key's variable is not set.
    """
    if settings.embedded:
        return RoleSpecs()
    top = Endpoint(**{name: getattr(settings, name) for name in ("model", *_WITH_ENDPOINT)})
    planner, worker = _fill(settings.planner, top), _fill(settings.worker, top)
    filled = {
        "planner": planner,
        "worker": worker,
        "writer": _fill(settings.writer, planner),
        "compressor": _fill(settings.compressor, worker),
        "judge": _fill(settings.judge, planner),
    }
    pool = {name: _fill(own, worker) for name, own in settings.workers.items()}
    return RoleSpecs(
        {role: _spec(role, endpoint) for role, endpoint in filled.items() if endpoint.model is not None},
        {
            name: _spec(f"workers.{name}", endpoint, good_at=settings.workers[name].good_at)
            for name, endpoint in pool.items()
            if endpoint.model is not None
        },
    )


def _fill(own: Endpoint, fallback: Endpoint) -> Endpoint:
    taken: dict[str, Any] = {name: getattr(own, name) for name in (*_WITH_ENDPOINT, *_WITH_MODEL, *_ALONE)}
    if own.base_url is None and own.api_key is None and own.api_key_env is None:
        taken |= {name: getattr(fallback, name) for name in _WITH_ENDPOINT}
    elif own.base_url is None:
        taken["base_url"] = fallback.base_url
    if own.model is None:
        unset = ["model", *(name for name in _WITH_MODEL if name not in own.model_fields_set)]
        taken |= {name: getattr(fallback, name) for name in unset}
    taken |= {name: getattr(fallback, name) for name in _ALONE if taken[name] is None}
    return Endpoint.model_construct(**taken)


def _spec(role: str, endpoint: Endpoint, *, good_at: str = "") -> ModelSpec:
    optional = {name: getattr(endpoint, name) for name in ("window_tokens", *_ALONE)}
    return ModelSpec(
        model=endpoint.model or "",
        base_url=endpoint.base_url,
        api_key=_key(role, endpoint),
        price=_price(endpoint),
        quirks=endpoint.quirks,
        extra_body=endpoint.extra_body,
        good_at=good_at,
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
