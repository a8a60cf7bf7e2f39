"""What the user gave: flags go in; settings, a brief and the data home come out. The rest is an error."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foreplan.core.errors import InputError, SettingsError
from foreplan.core.settings import Settings, load_settings
from foreplan.memory.home import HOME_VARIABLE, data_home
from foreplan.planner.brief import MAX_GOAL_CHARS, Brief

ROLES = ("planner", "worker", "writer", "compressor", "judge")
_LIMITS = {
    "budget": "tokens",
    "budgets": "budgets",
    "dollars": "dollars",
    "seconds": "seconds",
    "deadline": "deadline",
    "concurrency": "concurrency",
}
_FLAG_NAMES: dict[tuple[str, ...], str] = {
    **{("limits", key): f"--{flag}" for flag, key in _LIMITS.items()},
    **{(role, "model"): f"--{role}" for role in ROLES},
    ("model",): "--model",
    ("base_url",): "--base-url",
}
"""How errors name what a flag gave."""

_OF_ANOTHER_MODEL = ("price_prompt", "price_completion", "price_cached", "window_tokens")
_OF_ANOTHER_ENDPOINT = ("base_url", "api_key", "api_key_env")


def settings_from(flags: Mapping[str, Any]) -> Settings:
    """The settings with these flags on top. `--model` and `--base-url` count for all roles, whatever the file says.

    Raises:
        SettingsError: when a flag, variable or file is wrong.
    """
    layer: dict[str, Any] = {name: flags[name] for name in ("model", "base_url") if flags.get(name)}
    if flags.get("embedded"):
        layer["embedded"] = True
    limits = {key: flags[flag] for flag, key in _LIMITS.items() if flags.get(flag) is not None}
    if limits:
        layer["limits"] = limits
    for role in ROLES:
        own = _role_layer(flags, role)
        if own:
            layer[role] = own
    settings = load_settings(layer, config=flags.get("config"), flag_names=_FLAG_NAMES)
    deadline = settings.limits.deadline
    if flags.get("deadline") and deadline is not None and deadline <= datetime.now(UTC):
        raise SettingsError("--deadline: that time has passed.", hint="Give one to come, such as 2030-01-31T07:00.")
    chosen = any(flags.get(flag) for flag in ("model", "worker", "base_url"))
    return settings.model_copy(update={"workers": {}}) if chosen else settings


def home_from(flags: Mapping[str, Any], settings: Settings) -> Path:
    """The data home: `--home`, else FOREPLAN_HOME, else the settings, else the user's data folder.

    Raises:
        SettingsError: when there is no home folder to derive one from.
    """
    return data_home(flags.get("home") or (None if os.environ.get(HOME_VARIABLE) else settings.storage.home))


def project_from(flags: Mapping[str, Any], settings: Settings) -> str:
    """The project whose runs share lessons: `--project`, else the settings, else one of the working folder's own.

    That one is named after the folder, with a few digits that tell it from other folders of the same name.
    """
    named: str | None = flags.get("project") or settings.storage.project
    if named is not None:
        return named.strip() or _project_here()
    return _project_here()


def _project_here() -> str:
    here = Path.cwd()
    name = re.sub(r"[^\w-]+", "-", here.name).strip("-")[:40] or "root"
    return f"{name}-{hashlib.sha256(str(here).encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def brief_from(flags: Mapping[str, Any], sources: Sequence[Path]) -> Brief:
    """The brief: the question from the argument, a file or standard input, with language, length and sources.

    Raises:
        InputError: when there is no question, or it is too long or no text.
    """
    goal = read_goal(flags.get("goal"))
    try:
        return Brief(
            goal=goal,
            sources=tuple(str(folder) for folder in sources),
            language=flags.get("language"),
            length=flags.get("length") or "medium",
        )
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        flag = "--" + str(fault["loc"][0])
        raise InputError(f"{flag} cannot be used: {fault['msg']}.", hint="See foreplan run --help.") from error


def nothing_to_read(sources: Sequence[Path]) -> InputError:
    """What is wrong with sources that hold no document."""
    return InputError(
        f"There is nothing to read in {', '.join(map(str, sources))}.",
        hint="Name a folder with documents: text, markdown, HTML, PDF, CSV, JSON or code.",
    )


def read_goal(given: str | None) -> str:
    """The question itself.

    Raises:
        InputError: when there is none, or it is too long or no text.
    """
    if given is None:
        raise InputError("There is no question.", hint='Ask one: foreplan run "..." --sources DIR')
    if given == "-":
        goal = _decoded(sys.stdin.buffer.read(4 * MAX_GOAL_CHARS + 1), "Standard input")
    else:
        file = _file_named(given)
        goal = _text_of(file) if file else given.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    goal = goal.strip()
    if not goal:
        raise InputError("The question is empty.", hint='Ask one: foreplan run "..." --sources DIR')
    if len(goal) > MAX_GOAL_CHARS:
        raise InputError(
            f"The question has more than {MAX_GOAL_CHARS:,} characters.",
            hint="Ask in fewer words, and put background into files that you name with --sources.",
        )
    return goal


def _role_layer(flags: Mapping[str, Any], role: str) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    named = flags.get(role) or (None if flags.get("model") is None else "")
    if named is not None:
        layer |= {"model": named or None} | dict.fromkeys(_OF_ANOTHER_MODEL)
    if flags.get("base_url"):
        layer |= dict.fromkeys(_OF_ANOTHER_ENDPOINT)
    return layer


def _file_named(given: str) -> Path | None:
    """The file whose name the question is, if it is one."""
    if len(given) > 1_000 or "\n" in given or "\0" in given:
        return None
    try:
        return Path(given) if Path(given).is_file() else None
    except OSError:
        return None


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return _decoded(opened.read(4 * MAX_GOAL_CHARS + 1), str(file))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", hint="Check its permissions.") from error


def _decoded(raw: bytes, name: str) -> str:
    if len(raw) > 4 * MAX_GOAL_CHARS:
        return "x" * (MAX_GOAL_CHARS + 1)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text.", hint="Save the question as UTF-8.") from error
