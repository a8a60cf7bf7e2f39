"""Keeping the garbage collector's long pauses out of a run."""

from __future__ import annotations

import gc


def keep_imports() -> None:
    """Tell the collector that what is loaded stays: for a process of ours, once its libraries are imported.

    A full collection walks everything alive, and the libraries of a run make that some 80 ms during which no subtask
    starts and no answer is read. An app that embeds the graph decides for itself: what is garbage now is kept too.
    """
    gc.freeze()
