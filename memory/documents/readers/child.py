"""The reading process: `python -m foreplan.memory.documents.readers.child`, one JSON line per file in and out.

In: `{"path": …}`. Out: `{"title": …, "text": …}` or `{"reason": …, "lasting": …}`. It has no keys in its environment,
a cap on its memory, and may be killed at any time.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ....core.child import cap_memory
from ...errors import SourceError
from ..files import read_bytes
from . import reader_for

MAX_MEMORY_BYTES = 3 * 1024**3


def main() -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # A library that prints must not break the protocol.
    cap_memory(MAX_MEMORY_BYTES)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(Path(json.loads(line)["path"]))) + "\n")
        answers.flush()


def _answer(path: Path) -> dict[str, Any]:
    try:
        found = reader_for(path)(read_bytes(path), path)
    except SourceError as error:
        return {"reason": str(error), "lasting": error.lasting}
    except MemoryError:
        return {"reason": "reading it takes too much memory", "lasting": True}
    except RecursionError:
        return {"reason": "it is nested too deeply", "lasting": True}
    except Exception as error:  # Whatever a library raises on hostile bytes is a reason to skip the file.
        return {"reason": f"it is damaged ({type(error).__name__}: {str(error)[:120]})", "lasting": True}
    return {"title": found.title, "text": found.text}


if __name__ == "__main__":
    main()
