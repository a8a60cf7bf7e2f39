"""Artifact store: raw text goes in and is kept once under the sha256 of its UTF-8 bytes; exact spans of it come out.

Laws of every store:

- What `get` returns has the hash it was asked for; text that was cut or changed on disk is never returned.
- Text is whole or absent: a process killed inside `put` leaves nothing that can be read.
- Offsets count characters (Unicode code points) of the text as it is stored.
- Garbage is collected by run: text that no kept run put or read goes, text put outside any run stays.
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from ..errors import StorageError, UnknownArtifact
from ..evidence import EvidenceRef
from ..plain import sanitised

ARTIFACTS_VERSION = 1
"""Version of what stores write. A store that finds another one refuses it."""

GRACE_S = 3600.0
"""A run that put or read something this recently is kept by `collect` even if it is not named."""

MAX_LABEL_CHARS = 1_000
"""Titles and sources are cut to this length: they are labels, and may come from a hostile page."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Artifact:
    """Stored text with where it came from. `source` is a path relative to its folder, a URL or a tool's name."""

    sha256: str
    text: str
    title: str = ""
    source: str = ""


class ArtifactStore(Protocol):
    """Content-addressed text. Putting equal text twice keeps it once, with the first title and source."""

    def put(self, text: str, *, title: str = "", source: str = "") -> str:
        """Keep `text` and return its hash. Durable when it returns. Lone surrogates are replaced first.

        Raises:
            StorageError: when it cannot be written.
        """

    def get(self, sha256: str) -> Artifact:
        """The artifact under this hash.

        Raises:
            UnknownArtifact: when there is none, or what is stored does not have that hash.
            StorageError: when it cannot be read.
        """

    def span(self, ref: EvidenceRef) -> str:
        """The exact text of a span.

        Raises:
            UnknownArtifact: when there is no such artifact, or the span reaches beyond its end.
        """


class StoredRecord(NamedTuple):
    """What a store keeps under a hash: the text's UTF-8 bytes, and its labels as one line of ASCII JSON."""

    body: bytes
    labels: str


class StoredArtifacts(ABC):
    """A store whose subclasses only keep records. All methods may be called from several threads."""

    def put(self, text: str, *, title: str = "", source: str = "", run: str = "") -> str:
        """See `ArtifactStore.put`. `run` is the run that uses it; text put outside any run is never collected."""
        body = sanitised(text).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        labels = json.dumps({"title": _label(title), "source": _label(source)})
        self._save(sha256, StoredRecord(body, labels), run)
        return sha256

    def get(self, sha256: str) -> Artifact:
        """See `ArtifactStore.get`."""
        record = self._load(sha256) if _SHA256.fullmatch(sha256) else None
        if record is None:
            raise UnknownArtifact(f"No artifact {sha256[:64]!r} in {self}.")
        if hashlib.sha256(record.body).hexdigest() != sha256:
            raise UnknownArtifact(
                f"Artifact {sha256} in {self} was changed or damaged: its text no longer has that hash.",
                hint="Putting the same text again repairs it.",
            )
        labels = _read_labels(record.labels)
        return Artifact(sha256, record.body.decode(), labels.get("title", ""), labels.get("source", ""))

    def span(self, ref: EvidenceRef) -> str:
        """See `ArtifactStore.span`."""
        return exact_span(self.get(ref.artifact), ref)

    def for_run(self, run: str) -> RunArtifacts:
        """This store as one run sees it: what it puts or reads there is kept as long as the run is."""
        return RunArtifacts(self, run)

    @abstractmethod
    def use(self, sha256: str, run: str) -> None:
        """Remember that `run` uses this artifact."""

    @abstractmethod
    def collect(self, keep_runs: Collection[str], *, grace_s: float = GRACE_S) -> int:
        """Delete what no kept run uses; returns how many artifacts were deleted.

        Kept are the runs named, those that used something in the last `grace_s` seconds, and text of no run.

        Raises:
            StorageError: when something cannot be deleted.
        """

    @abstractmethod
    def __len__(self) -> int:
        """How many artifacts are stored."""

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:  # noqa: B027 - most stores hold nothing open
        """Let go of files and connections. The store is of no use afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _save(self, sha256: str, record: StoredRecord, run: str) -> None:
        """Keep the record and its use by `run` at once; replace a stored body that differs (it is damaged)."""

    @abstractmethod
    def _load(self, sha256: str) -> StoredRecord | None:
        """The record as it is stored, unchecked."""


class RunArtifacts:
    """An `ArtifactStore` that tells the store below which run uses what."""

    def __init__(self, store: StoredArtifacts, run: str) -> None:
        if not run:
            raise ValueError("a run's view of a store needs the run's id")
        self._store = store
        self._run = run
        self._known: set[str] = set()

    def put(self, text: str, *, title: str = "", source: str = "") -> str:
        """See `ArtifactStore.put`."""
        sha256 = self._store.put(text, title=title, source=source, run=self._run)
        self._known.add(sha256)
        return sha256

    def get(self, sha256: str) -> Artifact:
        """See `ArtifactStore.get`."""
        artifact = self._store.get(sha256)
        if sha256 not in self._known:
            self._store.use(sha256, self._run)
            self._known.add(sha256)
        return artifact

    def span(self, ref: EvidenceRef) -> str:
        """See `ArtifactStore.span`."""
        return exact_span(self.get(ref.artifact), ref)


def exact_span(artifact: Artifact, ref: EvidenceRef) -> str:
    """The characters `ref.start` to `ref.end` of the artifact.

    Raises:
        UnknownArtifact: when the span ends before it starts or reaches beyond the text's end.
    """
    if not ref.start <= ref.end <= len(artifact.text):
        raise UnknownArtifact(f"Span {ref} is not in its artifact, which has {len(artifact.text)} characters.")
    return artifact.text[ref.start : ref.end]


def _label(text: str) -> str:
    return sanitised(text[:MAX_LABEL_CHARS])


def _read_labels(text: str) -> dict[str, str]:
    try:
        labels = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StorageError(f"The labels of an artifact are not JSON: {text[:80]!r}.") from error
    return {key: value for key, value in labels.items() if isinstance(value, str)} if isinstance(labels, dict) else {}
