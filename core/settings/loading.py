"""Reading settings: flags, then `FOREPLAN_*` variables, then `foreplan.toml`, then `OPENAI_*` variables.

Out comes one frozen `Settings`. A stronger source wins key by key, not table by table. Nothing is written, and no
value of any source ever stands in an error.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import (
    SettingsError as VariableError,
)

from ..errors import SettingsError
from .faults import ENV_PREFIX, Given, nearest, settings_error
from .shape import Settings

FILE_NAME = "foreplan.toml"
MAX_FILE_BYTES = 1_000_000
OPENAI_PLANNER = "gpt-5"
OPENAI_WORKER = "gpt-5-mini"
"""Models taken when there is nothing but OPENAI_API_KEY."""

OUTSIDE = ("FOREPLAN_CONFIG", "FOREPLAN_HOME", "FOREPLAN_TEST_")
"""Variables with our prefix that are no settings."""


class _Loaded(BaseSettings, Settings):
    """`Settings` filled from the sources that `load_settings` hands over."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )

    def __init__(self, layers: tuple[Mapping[str, Any], ...]) -> None:
        super().__init__(layers=layers)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Each layer a source of its own; pydantic-settings merges them, the first one winning."""
        assert isinstance(init_settings, InitSettingsSource)  # noqa: S101
        layers = init_settings.init_kwargs["layers"]
        return tuple(InitSettingsSource(settings_cls, dict(layer)) for layer in layers)


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    config: Path | None = None,
    flag_names: Mapping[tuple[str, ...], str] | None = None,
) -> Settings:
    """The settings of this process.

    Args:
        flags: what the command line said, shaped like the settings file; it wins over everything.
        config: a settings file that must exist; without it, `foreplan.toml` of the working folder if there is one.
        flag_names: how the user knows a key of `flags`, for errors: `{("limits", "tokens"): "--budget"}`.

    Raises:
        SettingsError: when a file cannot be read, or a key or value is wrong. It names the key and the source.
    """
    file, file_name = _read_file(config)
    try:
        variables = EnvSettingsSource(_Loaded)()
    except VariableError as error:
        raise SettingsError(f"A {ENV_PREFIX}* variable is not valid JSON: {error}.") from error
    given = Given(flags or {}, variables, file, file_name, flag_names or {})
    try:
        loaded = _Loaded((given.flags, given.variables, given.file))
    except ValidationError as error:
        raise settings_error(error, Settings, given) from error
    return _with_openai_variables(Settings.model_construct(**dict(loaded)))


def unknown_variables() -> dict[str, str | None]:
    """Variables with our prefix that no setting has, each with the known one nearest to it.

    They are no fault: a container platform may set such names for its own reasons. `doctor` shows them.
    """
    known = [ENV_PREFIX + name.upper() for name in Settings.model_fields]
    ours = [name for name in os.environ if name.startswith(ENV_PREFIX) and not name.startswith(OUTSIDE)]
    strangers = [name for name in ours if name.split("__")[0] not in known]
    lower = [name.lower() for name in known]
    return {name: (guess := nearest(name, lower)) and guess.upper() for name in sorted(strangers)}


def _read_file(config: Path | None) -> tuple[dict[str, Any], str]:
    path = config or Path(FILE_NAME)
    if config is None and not path.is_file():
        return {}, FILE_NAME
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SettingsError(f"The settings file {path} is larger than {MAX_FILE_BYTES:,} bytes.")
        return tomllib.loads(path.read_text(encoding="utf-8-sig")), str(path)
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}.", hint="Check the path given to --config."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The settings file {path} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"The settings file {path} is not valid TOML: {error}.") from error


def _with_openai_variables(settings: Settings) -> Settings:
    """What is still unset, from OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL."""
    key, url = os.environ.get("OPENAI_API_KEY"), os.environ.get("OPENAI_BASE_URL")
    update: dict[str, Any] = {}
    if settings.base_url is None and url:
        update["base_url"] = url
    if settings.api_key is None and settings.api_key_env is None and key:
        update["api_key_env"] = "OPENAI_API_KEY"
    if _no_model(settings) and (key or url or settings.base_url):
        update |= _openai_models(settings, url)
    return settings.model_copy(update=update)


def _no_model(settings: Settings) -> bool:
    roles = (settings.planner, settings.worker, settings.writer, *settings.workers.values())
    return not settings.embedded and settings.model is None and all(role.model is None for role in roles)


def _openai_models(settings: Settings, url: str | None) -> dict[str, Any]:
    named = os.environ.get("OPENAI_MODEL")
    if named:
        return {"model": named}
    if url or settings.base_url:
        raise SettingsError(
            f"There is an endpoint ({url or settings.base_url}) but no model.",
            hint="Name one with --model, FOREPLAN_MODEL or `model` in foreplan.toml.",
        )
    return {
        "planner": settings.planner.model_copy(update={"model": OPENAI_PLANNER}),
        "worker": settings.worker.model_copy(update={"model": OPENAI_WORKER}),
    }
