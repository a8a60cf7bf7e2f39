"""Foreplan: a brief goes in; a plan, parallel workers and a report with checked citations come out.

The main path: `build_graph` (foreplan.agents.graph) makes the LangGraph graph, `run` (foreplan.agents.run) drives it
for one brief, `Context` carries what it works with, `load_settings` reads what the user configured. Names load when
they are first used, so `import foreplan` costs next to nothing.
"""

TYPE_CHECKING = False  # what type checkers take for True; importing typing would double the time of this import
if TYPE_CHECKING:
    from foreplan.agents.context import Context as Context
    from foreplan.agents.graph import build_graph as build_graph
    from foreplan.agents.report import Citation as Citation
    from foreplan.agents.report import Report as Report
    from foreplan.agents.result import RunResult as RunResult
    from foreplan.agents.run import resume as resume
    from foreplan.agents.run import run as run
    from foreplan.core.errors import ForeplanError as ForeplanError
    from foreplan.core.events import Event as Event
    from foreplan.core.events import parse_event as parse_event
    from foreplan.core.limits import Limits as Limits
    from foreplan.core.settings import Settings as Settings
    from foreplan.core.settings import load_settings as load_settings
    from foreplan.core.settings.roles import models_from as models_from
    from foreplan.memory.digest import Claim as Claim
    from foreplan.memory.digest import Digest as Digest
    from foreplan.memory.evidence import EvidenceRef as EvidenceRef
    from foreplan.planner.brief import Brief as Brief
    from foreplan.planner.plan import Forecast as Forecast
    from foreplan.planner.plan import Plan as Plan
    from foreplan.planner.plan import Subtask as Subtask

    __version__: str

_HOME = {
    "Brief": "planner.brief",
    "Citation": "agents.report",
    "Claim": "memory.digest",
    "Context": "agents.context",
    "Digest": "memory.digest",
    "Event": "core.events",
    "EvidenceRef": "memory.evidence",
    "Forecast": "planner.plan",
    "ForeplanError": "core.errors",
    "Limits": "core.limits",
    "Plan": "planner.plan",
    "Report": "agents.report",
    "RunResult": "agents.result",
    "Settings": "core.settings",
    "Subtask": "planner.plan",
    "build_graph": "agents.graph",
    "load_settings": "core.settings",
    "models_from": "core.settings.roles",
    "parse_event": "core.events",
    "resume": "agents.run",
    "run": "agents.run",
}
"""Where each public name lives, below `foreplan`."""

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        return version("foreplan")
    if name not in _HOME:
        raise AttributeError(f"module 'foreplan' has no attribute {name!r}")
    value: object = getattr(import_module(f"foreplan.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
