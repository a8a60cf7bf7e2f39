"""Forgetting a run whose state is in a shared database: its id goes in; checkpoints, results and artifacts are gone.

Lessons of a project stay, since other runs go by them, and artifacts that another run uses too. Done twice, or begun
again after a crash, it comes to the same.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from ..memory.artifacts.postgres import PostgresArtifacts
from .board import Board
from .durable import database_errors, open_saver, open_store
from .learning import forget_lessons


async def forget_run(database: str, run: str) -> None:
    """Delete what the PostgreSQL database at this URL keeps of a run.

    Raises:
        StorageError: when the database cannot be reached, or refuses.
    """
    with database_errors(Path(run)):
        async with open_saver(database) as saver, open_store(database) as store:
            await Board(store, run).forget()
            await forget_lessons(store, run)
            await saver.adelete_thread(run)
        with closing(PostgresArtifacts(database)) as artifacts:
            await asyncio.to_thread(artifacts.forget, run)
