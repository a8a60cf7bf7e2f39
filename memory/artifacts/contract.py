"""The laws of an artifact store as tests: give the class a `store` fixture with an empty store.

So that pytest runs them on a store of your own::

    class TestMyStore(StoredArtifactsContract):
        @pytest.fixture
        def store(self):
            return MyStore()

`ArtifactStoreContract` is for any store with `put`, `get` and `span`; `StoredArtifactsContract` adds garbage collection
by run, for subclasses of `StoredArtifacts`. Neither needs anything but pytest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..errors import UnknownArtifact
from ..evidence import EvidenceRef
from .base import ArtifactStore, StoredArtifacts

AWKWARD_TEXTS = (
    "",
    "plain",
    "line\r\nbreaks\rand\u2028others\n",
    "{\"title\": \"looks like labels\"}\nand a second line",
    "NUL \x00 and other \x01\x1b[31m controls \x7f\ufeff",
    "combining e\u0301, astral \U0001f600\U00020000, right to left \u05d0\u05d1",
    "x" * 300_000,
)  # fmt: skip
"""Texts that stores have been known to change."""


def expect(condition: bool, message: str) -> None:
    """Fail the test with `message` unless `condition` holds.

    Raises:
        AssertionError: when it does not.
    """
    if not condition:
        raise AssertionError(message)


def expect_unknown(call: Callable[[], Any], what: str) -> None:
    """Fail the test unless `call` raises `UnknownArtifact`.

    Raises:
        AssertionError: when it returns.
    """
    try:
        call()
    except UnknownArtifact:
        return
    raise AssertionError(f"{what} was answered instead of refused with UnknownArtifact")


class ArtifactStoreContract:
    """Laws of every `ArtifactStore`. Needs a fixture `store`: an empty store."""

    def test_text_comes_back_exactly_under_its_hash(self, store: ArtifactStore) -> None:
        """No character is lost, joined or normalised, and the hash is that of the UTF-8 bytes."""
        for text in AWKWARD_TEXTS:
            sha256 = store.put(text)
            expect(sha256 == hashlib.sha256(text.encode()).hexdigest(), f"{text[:40]!r} has another hash")
            expect(store.get(sha256).text == text, f"{text[:40]!r} came back changed")

    def test_lone_surrogates_are_replaced_without_moving_offsets(self, store: ArtifactStore) -> None:
        """What cannot be UTF-8 becomes one U+FFFD a character, in labels too."""
        sha256 = store.put("ab\ud800cd\udfffe", title="t\ud800", source="s\udc00")
        artifact = store.get(sha256)
        expect(artifact.text == "ab\ufffdcd\ufffde", f"stored as {artifact.text!r}")
        expect((artifact.title, artifact.source) == ("t\ufffd", "s\ufffd"), f"labels are {artifact!r}")

    def test_equal_text_is_kept_once_with_its_first_labels(self, store: ArtifactStore) -> None:
        """Putting twice gives the same hash and changes nothing."""
        first = store.put("same", title="first", source="a.txt")
        again = store.put("same", title="second", source="b.txt")
        artifact = store.get(again)
        expect(first == again, "equal texts have two hashes")
        expect((artifact.title, artifact.source) == ("first", "a.txt"), f"labels became {artifact!r}")

    def test_labels_may_hold_any_characters(self, store: ArtifactStore) -> None:
        """Titles and sources come from pages of strangers."""
        labels = 'quote " newline \n NUL \x00 \U0001f600'
        artifact = store.get(store.put("text", title=labels, source=labels))
        expect((artifact.title, artifact.source) == (labels, labels), f"labels became {artifact!r}")

    def test_spans_count_characters(self, store: ArtifactStore) -> None:
        """A span is a Python slice of the text, whatever its bytes are."""
        text = "a\U0001f600e\u0301\x00\r\nz"
        sha256 = store.put(text)
        for start in range(len(text) + 1):
            for end in range(start, len(text) + 1):
                found = store.span(EvidenceRef(artifact=sha256, start=start, end=end))
                expect(found == text[start:end], f"span {start}:{end} gave {found!r}")

    def test_spans_that_are_not_there_are_refused(self, store: ArtifactStore) -> None:
        """Beyond the end, ending before the start, or of no artifact."""
        sha256 = store.put("twelve chars")
        for start, end in [(0, 13), (13, 13), (5, 4)]:
            ref = EvidenceRef(artifact=sha256, start=start, end=end)
            expect_unknown(lambda ref=ref: store.span(ref), f"span {start}:{end}")  # type: ignore[misc]
        expect_unknown(lambda: store.span(EvidenceRef(artifact="0" * 64, start=0, end=0)), "a span of no artifact")

    def test_unknown_and_malformed_hashes_are_refused(self, store: ArtifactStore) -> None:
        """A hash may come from a model: it is never a path or a pattern."""
        store.put("something")
        for sha256 in ["0" * 64, "", "../../etc/passwd", "%", "A" * 64, "0" * 63 + "\n", "\x00" * 64]:
            expect_unknown(lambda sha256=sha256: store.get(sha256), repr(sha256))  # type: ignore[misc]

    def test_threads_may_share_a_store(self, store: ArtifactStore) -> None:
        """Equal and different texts put at once all come back."""
        texts = [f"text {number % 20}" for number in range(100)]
        with ThreadPoolExecutor(8) as pool:
            hashes = list(pool.map(store.put, texts))
            found = list(pool.map(lambda sha256: store.get(sha256).text, hashes))
        expect(found == texts, "a text was lost or swapped")


class StoredArtifactsContract(ArtifactStoreContract):
    """Adds the laws of garbage collection. Needs a fixture `store`: an empty `StoredArtifacts`."""

    def test_counts_unique_texts(self, store: StoredArtifacts) -> None:
        """`len` is the number of artifacts, not of puts."""
        for text in ["a", "b", "a"]:
            store.put(text)
        expect(len(store) == 2, f"two texts count as {len(store)}")

    def test_collect_deletes_what_no_kept_run_uses(self, store: StoredArtifacts) -> None:
        """What two runs share stays as long as one of them is kept."""
        old, new = store.for_run("old"), store.for_run("new")
        only_old, shared, only_new = old.put("only old"), old.put("shared"), new.put("only new")
        expect(new.put("shared") == shared, "equal texts have two hashes")
        expect(store.collect({"new"}, grace_s=-1) == 1, "another number of artifacts than one was deleted")
        expect_unknown(lambda: store.get(only_old), "a collected artifact")
        expect([store.get(each).text for each in (shared, only_new)] == ["shared", "only new"], "kept text changed")

    def test_reading_counts_as_use(self, store: StoredArtifacts) -> None:
        """A run that only cites another's artifact keeps it."""
        sha256 = store.for_run("first").put("cited")
        store.for_run("second").span(EvidenceRef(artifact=sha256, start=0, end=5))
        expect(store.collect({"second"}, grace_s=-1) == 0, "a cited artifact was deleted")
        expect(store.collect(set(), grace_s=-1) == 1, "an artifact of no kept run stayed")

    def test_text_outside_any_run_stays(self, store: StoredArtifacts) -> None:
        """Only runs are collected."""
        sha256 = store.put("mine")
        expect(store.collect(set(), grace_s=-1) == 0, "text of no run was deleted")
        expect(store.get(sha256).text == "mine", "text of no run changed")

    def test_recent_runs_stay_though_not_named(self, store: StoredArtifacts) -> None:
        """A run that began after the list of kept runs was made is safe."""
        store.for_run("just begun").put("fresh")
        expect(store.collect(set()) == 0, "an artifact of a run just begun was deleted")

    def test_collected_text_can_be_put_again(self, store: StoredArtifacts) -> None:
        """Nothing of the old artifact is in the way of the new one."""
        store.for_run("one").put("again", title="old")
        store.collect(set(), grace_s=-1)
        artifact = store.get(store.for_run("two").put("again", title="new"))
        expect((artifact.text, artifact.title) == ("again", "new"), f"came back as {artifact!r}")

    def test_run_ids_may_be_any_text(self, store: StoredArtifacts) -> None:
        """Apps choose their own ids; none is a path, and similar ones are told apart."""
        runs = ["../../x", "CASE", "case", "a\x00b", "l\ud800one", "%", "_", "r" * 5_000]
        for run in runs:
            store.for_run(run).put(f"of {run[:10]!r}")
        expect(store.collect(runs[:4], grace_s=-1) == len(runs) - 4, "runs were taken for one another")
        expect(len(store) == 4, "kept runs lost something")
