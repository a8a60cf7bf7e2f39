"""The house stands: rooms import downwards, the front door is light, files are named as the documents say."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import foreplan

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "memory", "planner", "agents", "evals", "train")
HEAVY = (
    "pydantic", "pydantic_settings", "langgraph", "langchain_core", "langchain_openai", "openai", "httpx", "tantivy",
    "trafilatura", "rich", "torch", "transformers", "trl", "vllm", "inspect_ai", "asyncio",
)  # fmt: skip


def loaded_after(code: str) -> set[str]:
    """Top-level modules a fresh interpreter has after running `code`."""
    script = f"import sys\n{code}\nprint('\\n'.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_rooms_import_downwards_only():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_import_foreplan_loads_no_library():
    assert not loaded_after("import foreplan") & {*HEAVY, "typer", "click", "importlib.metadata", "typing"}


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_and_version_load_no_heavy_library(arguments):
    code = (
        f"sys.argv = ['foreplan', *{arguments}]\n"
        "from foreplan.cli import main\n"
        "import io, contextlib\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    try:\n        main()\n    except SystemExit as leaving:\n        assert not leaving.code"
    )
    by_typer = set() if arguments == ["--help"] else {"pydantic"}
    assert not loaded_after(code) & (set(HEAVY) - by_typer)


@pytest.mark.parametrize("room", ROOMS)
def test_opening_a_room_loads_no_library(room):
    assert not loaded_after(f"import foreplan.{room}") & set(HEAVY)


def test_every_public_name_loads_and_is_listed():
    for name in foreplan.__all__:
        assert getattr(foreplan, name) is not None
    assert set(foreplan.__all__) == set(dir(foreplan))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = foreplan.no_such_name


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_linked_into_the_package(room):
    link = ROOT / "src" / "foreplan" / room
    assert link.is_symlink()
    assert link.resolve() == ROOT / room


def test_the_core_install_has_no_training_or_evaluation_libraries():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not [
        each for each in project["dependencies"] if each.startswith(("torch", "transformers", "trl", "inspect"))
    ]
    assert {"train", "evals", "vllm", "postgres", "mcp", "office", "dev"} <= set(project["optional-dependencies"])
    assert all(">=" in each for each in project["dependencies"]), "pip backtracks for minutes without lower bounds"


def test_every_python_file_says_what_it_is():
    files = [
        path for room in (*ROOMS, "src/foreplan/cli", "src/foreplan/bench") for path in (ROOT / room).rglob("*.py")
    ]
    assert len(files) > 50
    assert not [str(path) for path in files if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]


def test_rooms_say_no_absolute_path_of_a_developers_machine():
    for room in (*ROOMS, "src", "docs", "examples", ".ci"):
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and path.suffix in {".py", ".md", ".toml", ".json"} and not path.is_symlink():
                assert "/work/" not in path.read_text(encoding="utf-8"), path


OPTIONAL_IN = {
    "postgres": ("langgraph.checkpoint.postgres", "langgraph.store.postgres", "psycopg", "psycopg_pool"),
    "mcp": ("mcp", "langchain_mcp_adapters"),
    "office": ("docx", "openpyxl", "pptx"),
    "web": ("ddgs", "tavily"),
    "otel": ("opentelemetry",),
}
NAMES = {
    "bs4": "beautifulsoup4",
    "charset_normalizer": "charset-normalizer",
    "docx": "python-docx",
    "langgraph.checkpoint.sqlite": "langgraph-checkpoint-sqlite",
    "langgraph.store.sqlite": "langgraph-checkpoint-sqlite",
    "langgraph.checkpoint.postgres": "langgraph-checkpoint-postgres",
    "langgraph.store.postgres": "langgraph-checkpoint-postgres",
    "markdown_it": "markdown-it-py",
    "opentelemetry": "opentelemetry-sdk",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "pptx": "python-pptx",
    "psycopg_pool": "psycopg",
    "tavily": "tavily-python",
    "yaml": "pyyaml",
}
"""Distributions whose name is not their import's."""

COMES_WITH = {
    "langchain_core": "langgraph",
    "langgraph.checkpoint": "langgraph",
    "pydantic_core": "pydantic",
    "typing_extensions": "pydantic",
}
"""Parts of a family that a declared dependency always brings."""


def test_every_library_that_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {distribution(each) for each in project["dependencies"]}
    extras = {
        name: {distribution(each) for each in listed} for name, listed in project["optional-dependencies"].items()
    }
    for room in ("core", "memory", "planner", "agents", "src/foreplan/cli", "src/foreplan/bench"):
        for path in (ROOT / room).rglob("*.py"):
            for name in imported_by(path):
                wanted = distribution_of(name)
                extra = next((extra for extra, parts in OPTIONAL_IN.items() if name.startswith(parts)), None)
                known = extras[extra] if extra else declared | (extras["dev"] if "bench" in room else set())
                assert wanted in known, f"{path.relative_to(ROOT)} imports {name}: declare {wanted}"


def imported_by(path: Path) -> set[str]:
    """Third-party modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return {name for name in names if name.partition(".")[0] not in {*sys.stdlib_module_names, "foreplan"}}


def distribution_of(name: str) -> str:
    """The declared distribution that brings a module."""
    for known in sorted({*NAMES, *COMES_WITH}, key=len, reverse=True):
        if name == known or name.startswith(f"{known}."):
            return NAMES.get(known) or COMES_WITH[known]
    return name.partition(".")[0].replace("_", "-").lower()


def distribution(requirement: str) -> str:
    """The name in a requirement."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].replace("_", "-").lower()
