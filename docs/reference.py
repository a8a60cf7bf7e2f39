"""Writes the parts of the documentation that follow from the code: `python docs/reference.py` (or `make docs`).

Settings, events, exit codes and the help of every command go in; the marked parts of the pages in this folder and the
kept help text of `foreplan --help` come out. `tests/house` fails when they are not up to date.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.main import get_command

from foreplan.cli.app import app
from foreplan.cli.exits import EXIT_CODES
from foreplan.core.events import EVENTS_VERSION, Event
from foreplan.core.models.quirks import Quirks
from foreplan.core.settings.faults import variable_name
from foreplan.core.settings.shape import Endpoint, McpServer, PoolWorker, Settings, Table

DOCS = Path(__file__).parent
HELP = DOCS.parent / "src" / "foreplan" / "cli" / "help.txt"
WIDTH = "100"


def rendered() -> dict[Path, str]:
    """Every file that follows from the code, with the text it should have."""
    parts = {
        "configuration.md": {"keys": keys(), "quirks": quirks()},
        "events.md": {"events": events()},
        "exit-codes.md": {"codes": codes()},
        "cli.md": {"commands": commands()},
    }
    pages = {DOCS / name: filled(DOCS / name, sections) for name, sections in parts.items()}
    return {HELP: helped(""), **pages}


def filled(page: Path, sections: Mapping[str, str]) -> str:
    """The page with the text between `<!-- NAME -->` and `<!-- /NAME -->` replaced for each section."""
    text = page.read_text(encoding="utf-8")
    for name, body in sections.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{body}\n{end}{rest.partition(end)[2]}"
    return text


def keys() -> str:
    """A table for each group of settings."""
    groups: list[tuple[str, type[BaseModel], tuple[str, ...], str]] = [
        ("First keys", Settings, (), "They apply to every role that does not say otherwise."),
        (
            "`[planner]` `[worker]` `[writer]` `[compressor]` `[judge]`",
            Endpoint,
            ("worker",),
            "Each role has these keys; the variables are those of the worker.",
        ),
        ("`[workers.NAME]`", PoolWorker, ("workers", "name"), "A pool of workers; the keys of a role, and one more."),
    ]
    tables = {name: field for name, field in Settings.model_fields.items() if is_one_table(field)}
    groups += [(f"`[{name}]`", model_of(field), (name,), f"{field.description}") for name, field in tables.items()]
    groups.append(("`[mcp.NAME]`", McpServer, ("mcp", "name"), "A server of tools: a command to start, or a URL."))
    return "\n".join("\n".join(group(*each)) for each in groups)


def group(title: str, model: type[BaseModel], path: tuple[str, ...], about: str) -> Iterator[str]:
    """One table of settings."""
    yield from (f"### {title}", "", about, "", "| key | default | meaning | variable |", "|---|---|---|---|")
    for name, field in model.model_fields.items():
        if (model is Settings and is_table(field)) or (model is PoolWorker and name in Endpoint.model_fields):
            continue
        yield f"| `{name}` | {default_of(field)} | {field.description} | `{variable_name((*path, name))}` |"
    yield ""


def quirks() -> str:
    """A table of quirks; their meanings stand in the class's docstring."""
    meanings = dict(re.findall(r"^\s+(\w+): (.+)$", Quirks.__doc__ or "", re.MULTILINE))
    rows = [f"| `{name}` | {default_of(field)} | {meanings[name]} |" for name, field in Quirks.model_fields.items()]
    return "\n".join(["| quirk | default | meaning |", "|---|---|---|", *rows, ""])


def events() -> str:
    """A section for each kind of event."""
    sections = [f"Version {EVENTS_VERSION}.", ""]
    for kind in get_args(Event):
        sections += [f"### `{kind.model_fields['type'].default}`", "", " ".join((kind.__doc__ or "").split()), ""]
        fields = [each for each in kind.model_fields.items() if each[0] not in ("type", "at")]
        sections += [f"- `{name}` ({type_of(field)})" for name, field in fields]
        sections.append("")
    return "\n".join(sections)


def codes() -> str:
    """The table of exit codes."""
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["| code | meaning |", "|---|---|", *rows, ""])


def commands() -> str:
    """The help of every command."""
    return "\n".join(f"## foreplan {name}\n\n```text\n{helped(name)}```\n" for name in names_in(get_command(app)))


def names_in(command: Any, above: str = "") -> Iterator[str]:
    """The names of all commands below this one, each group before its own."""
    for name, each in getattr(command, "commands", {}).items():
        yield f"{above}{name}"
        yield from names_in(each, f"{above}{name} ")


def helped(command: str) -> str:
    """What `foreplan COMMAND --help` prints on a terminal that is wide enough."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH
    try:
        with redirect_stdout(io.StringIO()) as printed:
            app([*command.split(), "--help"], prog_name="foreplan", standalone_mode=False)
    finally:
        os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)
    return printed.getvalue()


def model_of(field: FieldInfo) -> type[BaseModel]:
    """The table that is a field's type."""
    assert isinstance(field.annotation, type)  # noqa: S101
    return field.annotation


def is_table(field: FieldInfo) -> bool:
    """Whether a setting is a table of settings, or a set of named tables."""
    types = (field.annotation, *get_args(field.annotation))
    return any(isinstance(each, type) and issubclass(each, BaseModel) for each in types)


def is_one_table(field: FieldInfo) -> bool:
    """Whether a setting is a table of its own, such as `[limits]`, and no role's."""
    kind = field.annotation
    return isinstance(kind, type) and issubclass(kind, Table) and kind is not Endpoint


def default_of(field: FieldInfo) -> str:
    """A field's default in words."""
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return "unset"
    if value in ((), {}, "") or isinstance(value, BaseModel):
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def type_of(field: FieldInfo) -> str:
    """A field's type in words."""
    choices = get_args(field.annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        return " or ".join(f"`{choice}`" for choice in choices)
    if isinstance(field.annotation, type):
        return field.annotation.__name__
    return str(field.annotation).replace("typing.", "").replace(", ...]", ", …]")


if __name__ == "__main__":
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(DOCS.parent)}")
