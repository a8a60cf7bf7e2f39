"""Spans are exact in characters for any text, in every store, also when it is opened again."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.memory.artifacts import FolderArtifacts, MemoryArtifacts, SqliteArtifacts, StoredArtifacts, open_artifacts
from foreplan.memory.errors import UnknownArtifact
from foreplan.memory.evidence import EvidenceRef

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.fixture(scope="module", params=["memory", "folder", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[StoredArtifacts]:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / ("a.sqlite" if request.param == "sqlite" else "folder")
        with MemoryArtifacts() if request.param == "memory" else open_artifacts(where) as store:
            yield store


@settings(max_examples=60, deadline=None)
@given(text=ANY_TEXT, start=st.integers(0, 70), end=st.integers(0, 70))
def test_a_span_is_a_slice_or_refused(store: StoredArtifacts, text: str, start: int, end: int) -> None:
    sha256 = store.put(text)
    ref = EvidenceRef(artifact=sha256, start=start, end=end)
    if start <= end <= len(text):
        expected = "".join("\ufffd" if 0xD800 <= ord(character) < 0xE000 else character for character in text)
        assert store.span(EvidenceRef.parse(str(ref))) == expected[start:end]
    else:
        with pytest.raises(UnknownArtifact):
            store.span(ref)


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.sampled_from("abc"), st.sampled_from(["x", "y", "z"])),
            st.tuples(st.just("collect"), st.sets(st.sampled_from("abc")), st.just("")),
        ),
        max_size=12,
    )
)
def test_collecting_keeps_exactly_what_kept_runs_use(steps: list[tuple[str, Any, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores: list[StoredArtifacts] = [
            MemoryArtifacts(),
            FolderArtifacts(Path(folder)),
            SqliteArtifacts(Path(folder) / "a.sqlite"),
        ]
        used: dict[str, set[str]] = {}
        for kind, who, text in steps:
            if kind == "put":
                used.setdefault(who, set()).add(text)
                for store in stores:
                    store.for_run(who).put(text)
            else:
                used = {run: texts for run, texts in used.items() if run in who}
                assert len({store.collect(who, grace_s=-1) for store in stores}) == 1
            assert {len(store) for store in stores} == {len(set().union(*used.values()))}
        stores[2].close()
