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
    model = context.models.writer
    return ExtractiveWriter() if model is None else ModelWriter(model)
