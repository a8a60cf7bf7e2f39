"""`python -m foreplan.bench [NAME] [--data DIR] [--quick] [--json]`: run one benchmark, or list them.

`--json` prints one JSON object on standard output; progress goes to standard error. `--write FILE` runs all of them and
writes a page with the machine, the date, the commands and the numbers.
"""

from __future__ import annotations

import argparse
import json
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import foreplan.bench
from foreplan.bench._page import Outcome, page


def names() -> list[str]:
    """Every benchmark: the modules beside this one, but for private ones."""
    found = [module.name for module in pkgutil.iter_modules(foreplan.bench.__path__)]
    return sorted(name for name in found if not name.startswith("_"))


def describe(name: str) -> str:
    """The first line of a benchmark's docstring."""
    return (import_module(f"foreplan.bench.{name}").__doc__ or "").strip().partition("\n")[0]


def measure(name: str, data: Path | None, *, quick: bool) -> dict[str, Any]:
    """Run one benchmark and return its numbers."""
    result: dict[str, Any] = import_module(f"foreplan.bench.{name}").run(data=data, quick=quick)
    return result


def show(result: dict[str, Any], *, as_json: bool) -> None:
    """Print the numbers, as one JSON object or one line each."""
    if as_json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:<24} {value:.4g}" if isinstance(value, float) else f"{key:<24} {value}")


def measure_all(target: Path, data: Path | None, *, quick: bool) -> None:
    """Run every benchmark and write the page; one that can't run says why and does not stop the others."""
    outcomes = []
    for name in names():
        print(f"{name} ...", file=sys.stderr)
        try:
            outcomes.append(Outcome(name, describe(name), measure(name, _data_of(name, data), quick=quick)))
        except Exception as error:
            outcomes.append(Outcome(name, describe(name), {}, f"{type(error).__name__}: {error}"))
    target.write_text(page(outcomes, quick=quick), encoding="utf-8")


def _data_of(name: str, data: Path | None) -> Path | None:
    """The folder of a benchmark's data set below `data`, by the name the benchmark gives in `DATA`."""
    wanted: str | None = getattr(import_module(f"foreplan.bench.{name}"), "DATA", None)
    return data / wanted if data is not None and wanted is not None else None


def main(arguments: list[str] | None = None) -> int:
    """The command line of the benchmarks; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m foreplan.bench", description="Run a benchmark.")
    parser.add_argument("name", nargs="?", help="which one; without it, the list")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of a real data set (with --write: of all)")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: a smoke test, not a measurement")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--write", type=Path, metavar="FILE", help="run all and write a page of results")
    options = parser.parse_args(arguments)
    if options.write:
        measure_all(options.write, options.data, quick=options.quick)
        return 0
    if options.name is None:
        print("\n".join(f"{name:<12} {describe(name)}" for name in names()))
        return 0
    if options.name not in names():
        parser.error(f"there is no benchmark {options.name!r}; there are: {', '.join(names())}")
    show(measure(options.name, options.data, quick=options.quick), as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
