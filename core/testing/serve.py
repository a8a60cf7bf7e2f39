"""The test server as a process of its own: `python -m foreplan.core.testing.serve --script MODULE:NAME`.

In goes where the script (or `Endpoint`) stands; out comes one line of JSON with the base URL. It serves until its
standard input closes, so it never outlives the process that started it.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from .endpoint import Endpoint
from .server import ModelServer


def load(where: str, arguments: dict[str, Any] | None = None) -> Any:
    """What `module:name` or `path/to/file.py:name` stands for; with arguments, what it returns when called with them.

    Raises:
        ValueError: when `where` is not of that form, or names no such thing.
    """
    place, _, name = where.rpartition(":")
    if not place or not name:
        raise ValueError(f"not a script: {where!r}; write module:name or path/to/file.py:name")
    found = getattr(_module(place), name, None)
    if found is None:
        raise ValueError(f"{place} has no {name!r}")
    return found if arguments is None else found(**arguments)


def main(argv: list[str] | None = None) -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(prog="python -m foreplan.core.testing.serve", description=__doc__)
    parser.add_argument("--script", required=True, help="module:name or path/to/file.py:name of a script or Endpoint")
    parser.add_argument("--args", help="JSON object: call what --script names with these, and serve what it returns")
    parser.add_argument("--log", type=Path, help="file that gets the request log as JSON lines")
    options = parser.parse_args(argv)
    served = load(options.script, None if options.args is None else json.loads(options.args))
    endpoint = served if isinstance(served, Endpoint) else Endpoint(served)
    with ModelServer(endpoint, log_path=options.log) as server:
        sys.stdout.write(json.dumps({"url": server.url}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def _module(place: str) -> ModuleType:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    spec = importlib.util.spec_from_file_location(Path(place).stem, place)
    if spec is None or spec.loader is None:
        raise ValueError(f"cannot load {place}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
