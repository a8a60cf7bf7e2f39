"""Prompts of judging models, one markdown file each."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def load_prompt(name: str) -> str:
    """The text of `prompts/NAME.md`, without white space at its ends."""
    return files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
