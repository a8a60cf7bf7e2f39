"""Testing kit for apps built on Foreplan: models that say what a test scripts, and a server that speaks for them.

What stands in `__all__` is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foreplan.core import testing as _kit
from foreplan.core.testing import __all__ as __all__

if TYPE_CHECKING:
    from foreplan.core.testing import *  # noqa: F403


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_kit, name)
