"""`foreplan doctor`: says what is configured, reaches each endpoint once, and tells what to fix.

Every check is a `Finding`; the exit code is that of the worst one. Nothing here prints a key.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from foreplan.cli.exits import BAD_INPUT, DONE, MODEL_FAILED
from foreplan.cli.given import home_from, settings_from
from foreplan.cli.text import safe
from foreplan.core.errors import ForeplanError
from foreplan.core.models.probe import ProbeResult, probe
from foreplan.core.models.spec import ModelSpec
from foreplan.core.settings import Settings
from foreplan.core.settings.loading import FILE_NAME, unknown_variables
from foreplan.core.settings.roles import RoleSpecs, role_specs
from foreplan.memory.home import HOME_VARIABLE, writable_folder

EXTRAS = {
    "office": ("docx", "openpyxl", "pptx"),
    "web": ("ddgs", "tavily"),
    "mcp": ("mcp", "langchain_mcp_adapters"),
    "postgres": ("psycopg", "langgraph.checkpoint.postgres"),
}
"""What the optional parts need."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `fix` is what to do when it is not ok; a fault of `code` 0 is only advice."""

    about: str
    ok: bool
    said: str
    fix: str = ""
    code: int = DONE


def main(**flags: Any) -> int:
    """Look at everything; the code of the worst finding.

    Raises:
        SettingsError: when the settings cannot be read at all.
    """
    settings = settings_from(flags)
    specs = role_specs(settings)
    findings = [
        *_environment(flags),
        _home(flags, settings),
        *_roles(specs),
        *asyncio.run(_endpoints(specs)),
        *_tools(settings),
    ]
    if flags["as_json"]:
        print(json.dumps([asdict(each) for each in findings]))
    else:
        print(safe("\n".join(_lines(findings))))
    return max(each.code for each in findings)


def _lines(findings: list[Finding]) -> Iterator[str]:
    for each in findings:
        yield f"{'ok  ' if each.ok else 'FIX ' if each.code else 'note'} {each.about}: {each.said}"
        if each.fix:
            yield f"       {each.fix}"


def _environment(flags: dict[str, Any]) -> Iterator[Finding]:
    yield Finding("python", True, f"{platform.python_version()} on {platform.system()}")
    file = flags["config"] or Path(FILE_NAME)
    yield Finding("settings file", True, str(file.absolute()) if file.is_file() else "none here; it is not needed")
    for name, guess in unknown_variables().items():
        advice = f"Did you mean {guess}?" if guess else ""
        yield Finding("variable", False, f"{name} is no setting", advice)
    tracing = [each for each in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2") if os.environ.get(each)]
    if tracing:
        yield Finding("tracing", True, f"{tracing[0]} is set: LangChain sends traces of your runs to LangSmith")
    missing = [extra for extra, modules in EXTRAS.items() if any(_missing(module) for module in modules)]
    if missing:
        yield Finding("extras", True, f"not installed, and only needed for what they name: {', '.join(missing)}")


def _missing(module: str) -> bool:
    try:
        return find_spec(module) is None
    except ModuleNotFoundError:
        return True


def _home(flags: dict[str, Any], settings: Settings) -> Finding:
    try:
        home = writable_folder(home_from(flags, settings))
    except ForeplanError as error:
        fix = error.hint or f"Set {HOME_VARIABLE}."
        return Finding("data folder", False, error.message, fix, error.exit_code)
    return Finding("data folder", True, f"{home}; runs survive a crash and go on with --resume")


def _roles(specs: RoleSpecs) -> Iterator[Finding]:
    if specs.embedded:
        yield Finding(
            "models",
            True,
            "none, so runs are embedded: quoted and cited sentences, no generated words",
            "To use models, set OPENAI_API_KEY, or `base_url` and `model` in foreplan.toml.",
        )
    for role, spec in [*specs.roles.items(), *((f"workers.{name}", spec) for name, spec in specs.pool.items())]:
        price = "price known" if spec.known_price else "no price, so --dollars cannot limit it"
        key = "with a key" if spec.key else "no key"
        yield Finding(role, True, f"{spec.model} at {spec.endpoint}, {key}, {price}")


async def _endpoints(specs: RoleSpecs) -> list[Finding]:
    """Each different model at each endpoint, once."""
    different: dict[tuple[str, str, str], ModelSpec] = {}
    for spec in [*specs.roles.values(), *specs.pool.values()]:
        different.setdefault((spec.model, spec.url, spec.key), spec)
    if different and sys.stderr.isatty():
        print("reaching endpoints ...", file=sys.stderr)
    return [_found(each) for each in await asyncio.gather(*map(probe, different.values()))]


def _found(result: ProbeResult) -> Finding:
    about = f"{result.model} at {result.endpoint}"
    if not result.ok:
        return Finding(about, False, result.problem, result.fix, MODEL_FAILED)
    usage = "reports usage" if result.reports_usage else "reports no usage, so spend is counted by upper bounds"
    return Finding(about, True, f"answered in {result.seconds:.1f} s, plans by {result.structured}, {usage}")


def _tools(settings: Settings) -> Iterator[Finding]:
    tools = settings.tools
    web = tools.web_search or "off"
    fetch = tools.web_search is not None if tools.fetch is None else tools.fetch
    yield Finding("web", True, f"search {web}, fetch {'on' if fetch else 'off'}")
    if tools.web_search == "searxng" and not tools.web_search_base_url:
        yield Finding("web", False, "SearXNG has no address", "Set tools.web_search_base_url.", BAD_INPUT)
    variable = tools.web_search_api_key_env
    if variable and not os.environ.get(variable):
        yield Finding("web", False, f"the variable {variable} is not set", f"Set {variable}.", BAD_INPUT)
    for name, server in settings.mcp.items():
        yield Finding(f"mcp.{name}", True, server.command or server.url or "")
    if settings.mcp and _missing("langchain_mcp_adapters"):
        yield Finding("mcp", False, "MCP is not installed", "pip install 'foreplan[mcp]'", BAD_INPUT)
