"""Every store of ours passes the contract that is shipped for stores of others."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from foreplan.memory.artifacts import (
    FolderArtifacts,
    MemoryArtifacts,
    RunArtifacts,
    SqliteArtifacts,
    StoredArtifacts,
    open_artifacts,
)
from foreplan.memory.artifacts.contract import ArtifactStoreContract, StoredArtifactsContract, expect, expect_unknown


class TestMemory(StoredArtifactsContract):
    @pytest.fixture
    def store(self) -> MemoryArtifacts:
        return MemoryArtifacts()


class TestFolder(StoredArtifactsContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FolderArtifacts:
        return FolderArtifacts(tmp_path / "artifacts")


class TestSqlite(StoredArtifactsContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqliteArtifacts]:
        with SqliteArtifacts(tmp_path / "artifacts.sqlite") as store:
            yield store


@pytest.mark.postgres
class TestPostgres(StoredArtifactsContract):
    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[StoredArtifacts]:
        with open_artifacts(postgres_url) as store:
            yield store


class TestViewOfARun(ArtifactStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> RunArtifacts:
        return FolderArtifacts(tmp_path).for_run("20261120-211305-heron-k7qd")


def test_a_store_that_normalises_newlines_fails_the_contract() -> None:
    class Normalising(MemoryArtifacts):
        def put(self, text: str, **labels: str) -> str:
            return super().put(text.replace("\r\n", "\n"), **labels)

    with pytest.raises(AssertionError, match="another hash"):
        StoredArtifactsContract().test_text_comes_back_exactly_under_its_hash(Normalising())


def test_a_store_that_forgets_the_grace_fails_the_contract() -> None:
    class Hasty(MemoryArtifacts):
        def collect(self, keep_runs: Collection[str], *, grace_s: float = 0.0) -> int:
            return super().collect(keep_runs, grace_s=-1)

    with pytest.raises(AssertionError, match="just begun"):
        StoredArtifactsContract().test_recent_runs_stay_though_not_named(Hasty())


def test_the_contract_tells_an_answer_from_a_refusal() -> None:
    expect(True, "")
    with pytest.raises(AssertionError, match="a made-up hash"):
        expect_unknown(lambda: "text", "a made-up hash")


def test_a_path_or_url_names_the_store(tmp_path: Path) -> None:
    assert isinstance(open_artifacts(tmp_path / "folder"), FolderArtifacts)
    with open_artifacts(tmp_path / "file.sqlite") as store:
        assert isinstance(store, SqliteArtifacts)
