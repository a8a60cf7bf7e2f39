"""The command line. `app` declares commands and flags, one module a command does the work and is loaded when called.

`foreplan --help` is what people and shells call most, so its text is kept beside this module, in `help.txt`: `make
docs` writes it from `app`, and a test holds the two together. A narrow terminal gets it freshly wrapped.
"""

import os
import sys

HELP_WIDTH = 80
"""Columns from which on the help is wrapped the same."""


def main() -> None:
    """Run the command named on the command line and exit with its code."""
    if sys.argv[1:] == ["--help"] and _columns() >= HELP_WIDTH:
        with open(os.path.join(os.path.dirname(__file__), "help.txt"), encoding="utf-8") as kept:  # noqa: PTH118, PTH120, PTH123  pathlib costs more than all of this
            sys.stdout.write(kept.read())
        return
    from foreplan.cli.app import app

    app(prog_name="foreplan")


def _columns() -> int:
    """Width of the terminal by the rules of `shutil.get_terminal_size`, without its import."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(1).columns or HELP_WIDTH
    except OSError:
        return HELP_WIDTH
