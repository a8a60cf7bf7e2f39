"""The documents are true: links lead somewhere, references follow from the code, every setting is described."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from foreplan.core.settings.shape import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.DOTALL)


def load(path: Path):
    spec = importlib.util.spec_from_file_location(f"house_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors(page: Path) -> set[str]:
    """The anchors GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def test_paths_named_in_the_architecture_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = [each for each in re.findall(r"`([\w./]+/[\w./]*)`", text) if not each.startswith("foreplan")]
    assert len(named) > 5
    for path in named:
        assert any((root / path).exists() for root in (ROOT, ROOT / "src" / "foreplan")), path


def test_references_follow_from_the_code():
    for path, text in load(ROOT / "docs" / "reference.py").rendered().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: run `make docs`"


def test_every_setting_is_described_and_documented():
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = list(settings_in(Settings))
    assert len(keys) > 40
    for key, description in keys:
        assert description, key
        assert f"`{key}`" in page, key


def settings_in(model: type[BaseModel]) -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        tables = [each for each in (field.annotation, *getattr(field.annotation, "__args__", ())) if is_table(each)]
        if not tables:
            yield name, field.description
        elif tables[0].__name__ != "Quirks":
            yield from settings_in(tables[0])


def is_table(each: object) -> bool:
    return isinstance(each, type) and issubclass(each, BaseModel)
