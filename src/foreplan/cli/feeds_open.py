"""The feeds of this user: flags go in, feeds with their queue and shelf come out, open for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from foreplan.agents.feeds.schedule import Feeds
from foreplan.agents.feeds.shelf import Shelf
from foreplan.cli.job_places import queue_from


@contextmanager
def feeds_from(flags: Mapping[str, Any]) -> Iterator[Feeds]:
    """The feeds.

    Raises:
        StorageError: when their database cannot be used.
    """
    with queue_from(flags) as queue, closing(Shelf(queue.places.url)) as shelf:
        yield Feeds(queue, shelf)
