"""Which writer a run has."""

from __future__ import annotations

from ..context import Context
from ..roles import Writer
from .extractive import ExtractiveWriter
from .model import ModelWriter


def writer_for(context: Context) -> Writer:
    """The app's own writer, else the writer model's, else the extractive one."""
    if context.writer is not None:
        return context.writer
    return ExtractiveWriter() if context.models.embedded else ModelWriter(context.models.writer)
