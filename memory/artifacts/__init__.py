"""Artifacts: raw text kept once under its hash, behind one small interface and in four places.

`base` has the interface and its laws; `memory`, `folder`, `sqlite` and `postgres` (extra `postgres`) keep the text;
`contract` holds the tests that each of them, and a store of your own, has to pass.
"""

from .base import Artifact, ArtifactStore, RunArtifacts, StoredArtifacts
from .folder import FolderArtifacts
from .memory import MemoryArtifacts
from .opening import open_artifacts
from .sqlite import SqliteArtifacts

__all__ = [
    "Artifact",
    "ArtifactStore",
    "FolderArtifacts",
    "MemoryArtifacts",
    "RunArtifacts",
    "SqliteArtifacts",
    "StoredArtifacts",
    "open_artifacts",
]
