"""A form's name goes in, its exporter comes out; only that one's module is loaded."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ...core.errors import InputError
from .base import Exporter

FORMATS = {
    "sft": "Sft", "dpo": "Dpo", "kto": "Kto", "grpo": "Grpo", "openai-sft": "OpenAiSft", "openai-dpo": "OpenAiDpo",
    "openai-rft": "OpenAiRft", "atif": "Atif", "openinference": "OpenInference",
}  # fmt: skip
"""Each form, with the class in the module of its name."""


def exporter(name: str) -> Exporter:
    """The exporter of this form.

    Raises:
        InputError: when there is none.
    """
    if name not in FORMATS:
        raise InputError(f"There is no format {name[:50]!r}.", hint=f"Use one of {', '.join(FORMATS)}.")
    module = import_module(f".{name.replace('-', '_')}", __package__)
    return cast(Exporter, getattr(module, FORMATS[name])())
