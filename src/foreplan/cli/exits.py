"""How every command ends: its work done, or an error as one paragraph on standard error, with a documented code.

A `ForeplanError` is shown as it is. Anything else is a fault of ours: one short paragraph, and the traceback goes to
a log file. No command ever prints a traceback.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

DONE = 0
UNEXPECTED = 1
BAD_INPUT = 2
MODEL_FAILED = 3
OVER_BUDGET = 4
PARTS_MISSING = 5
REJECTED = 6
STOPPED = 130

EXIT_CODES: Mapping[int, str] = {
    DONE: "done",
    UNEXPECTED: "an unexpected fault; the message says where the log is",
    BAD_INPUT: "a flag, setting, question, plan, source or folder cannot be used",
    MODEL_FAILED: "a model endpoint failed",
    OVER_BUDGET: "the budget is too small",
    PARTS_MISSING: "there is a report, but it lacks parts and says which",
    REJECTED: "the plan was rejected when asked for approval",
    STOPPED: "stopped by Ctrl-C; the message says how to go on",
}
"""Every code a command returns, with its meaning."""


class BrokenRun(Exception):
    """Something unexpected, the cause, ended a run; the text says how to go on with it."""


def perform(command: str, flags: Mapping[str, Any]) -> None:
    """Call `main(**flags)` of the module `foreplan.cli.<command>` and leave with the code it returns.

    Raises:
        SystemExit: with one of `EXIT_CODES`, unless all is well.
    """
    _never_fail_to_print()
    try:
        code = import_module(f"foreplan.cli.commands.{command}").main(**flags)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _leave("Stopped.", STOPPED)
    except BrokenPipeError:
        _without_stdout()
    except Exception as error:
        _leave(*_explained(error, flags.get("home")))
    else:
        if code:
            raise SystemExit(code)


def _never_fail_to_print() -> None:
    """A terminal that cannot show a character shows a question mark; that is no reason to lose a report."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _explained(error: Exception, home: Path | None) -> tuple[str, int]:
    from foreplan.core.errors import ForeplanError

    if isinstance(error, ForeplanError):
        return f"Error: {error}", error.exit_code
    from foreplan.cli.log import write_log

    hint = f" {error}" if isinstance(error, BrokenRun) else ""
    fault = error.__cause__ if isinstance(error, BrokenRun) and error.__cause__ else error
    said = f"{type(fault).__name__}: {str(fault)[:300]}".rstrip(": ")
    return f"Error: something unexpected went wrong ({said}). {write_log(fault, home)}{hint}", UNEXPECTED


def _leave(paragraph: str, code: int) -> NoReturn:
    from foreplan.cli.text import safe

    print(safe(paragraph.strip()), file=sys.stderr)
    raise SystemExit(code)


def _without_stdout() -> NoReturn:
    """Whoever read our output has gone (`foreplan show | head`): that is no error, and Python must not flush again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(DONE)


Main = Callable[..., int]
"""What each command module offers as `main`: its flags in, an exit code out."""
