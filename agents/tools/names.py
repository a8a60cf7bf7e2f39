"""Names of tools: no tool may pass for another, least of all for a built-in one."""

from __future__ import annotations

from collections.abc import Iterable

from langchain_core.tools import BaseTool

from ...core.errors import SettingsError

BUILT_IN = frozenset({"search", "read", "calculate", "submit_digest"})


def check_names(tools: Iterable[BaseTool]) -> None:
    """Do nothing for tools that can be told apart.

    Raises:
        SettingsError: when two have one name, or one has a built-in's.
    """
    taken = set(BUILT_IN)
    for tool in tools:
        if tool.name in taken:
            raise SettingsError(f"Two tools are named {tool.name!r}.", hint="Rename your own one.")
        taken.add(tool.name)
