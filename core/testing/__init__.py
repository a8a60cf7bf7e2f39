"""The testing kit: models that say what a test scripts, and a server that speaks for them over real HTTP.

Published as `foreplan.testing`. Everything here is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .capabilities import Capabilities as Capabilities
    from .chat import Answer as Answer
    from .chat import ChatRequest as ChatRequest
    from .chat import Script as Script
    from .endpoint import Endpoint as Endpoint
    from .faults import ENDING as ENDING
    from .faults import FAULT_NAMES as FAULT_NAMES
    from .faults import Fault as Fault
    from .injectors import Faults as Faults
    from .injectors import always as always
    from .injectors import first_of as first_of
    from .injectors import once as once
    from .latency import ByModel as ByModel
    from .latency import Constant as Constant
    from .latency import Lognormal as Lognormal
    from .latency import Timing as Timing
    from .latency import Uniform as Uniform
    from .log import Logged as Logged
    from .log import read_log as read_log
    from .models import FunctionModel as FunctionModel
    from .models import ScriptedModel as ScriptedModel
    from .models import model_of as model_of
    from .models import scripted as scripted
    from .models import spoken as spoken
    from .process import ProcessServer as ProcessServer
    from .research import ResearchJob as ResearchJob
    from .research import research_script as research_script
    from .server import ModelServer as ModelServer
    from .tokens import count_tokens as count_tokens
    from .tokens import prompt_tokens as prompt_tokens

__all__ = [
    "ENDING",
    "FAULT_NAMES",
    "Answer",
    "ByModel",
    "Capabilities",
    "ChatRequest",
    "Constant",
    "Endpoint",
    "Fault",
    "Faults",
    "FunctionModel",
    "Logged",
    "Lognormal",
    "ModelServer",
    "ProcessServer",
    "ResearchJob",
    "Script",
    "ScriptedModel",
    "Timing",
    "Uniform",
    "always",
    "count_tokens",
    "first_of",
    "model_of",
    "once",
    "prompt_tokens",
    "read_log",
    "research_script",
    "scripted",
    "spoken",
]

_HOMES = {
    "capabilities": ("Capabilities",),
    "chat": (
        "Answer",
        "ChatRequest",
        "Script",
    ),
    "endpoint": ("Endpoint",),
    "faults": (
        "ENDING",
        "FAULT_NAMES",
        "Fault",
    ),
    "injectors": (
        "Faults",
        "always",
        "first_of",
        "once",
    ),
    "latency": (
        "ByModel",
        "Constant",
        "Lognormal",
        "Timing",
        "Uniform",
    ),
    "log": (
        "Logged",
        "read_log",
    ),
    "models": (
        "FunctionModel",
        "ScriptedModel",
        "model_of",
        "scripted",
        "spoken",
    ),
    "process": ("ProcessServer",),
    "research": (
        "ResearchJob",
        "research_script",
    ),
    "server": ("ModelServer",),
    "tokens": (
        "count_tokens",
        "prompt_tokens",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
