"""Sending a run's spans to a collector, if one is configured: settings go in, what a run tells its lines to comes out.

Law: a run is neither failed nor held up by its collector; what was lost is said in a line once the run is over.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from foreplan.cli.text import one_line
from foreplan.core.errors import SettingsError
from foreplan.core.settings import Settings
from foreplan.memory.redact import Redactor
from foreplan.memory.trace.record import OnRecord

if TYPE_CHECKING:
    from foreplan.memory.trace.otlp import OtlpSender

_PATH = "/v1/traces"
_STANDARD = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_INSTALL = "Install it with: pip install 'foreplan[otel]'."


@contextmanager
def telemetry(settings: Settings) -> Iterator[OnRecord | None]:
    """What a context takes as `on_record`, for the length of the block; None when no collector is configured.

    Raises:
        SettingsError: as `open_sender` does.
    """
    sender = open_sender(settings)
    try:
        yield sender
    finally:
        close_sender(sender)


def open_sender(settings: Settings, environ: Mapping[str, str] = os.environ) -> OtlpSender | None:
    """The sender to the collector that is configured; None without one.

    Raises:
        SettingsError: when the settings name a collector and the libraries are missing. Where only the standard
            variables of the machine name one, that is a note.
    """
    named = settings.telemetry.endpoint
    standard = next((environ[each] for each in _STANDARD if environ.get(each)), None)
    if named is None and standard is None:
        return None
    try:
        from foreplan.memory.trace.otlp import OtlpSender
    except ImportError as error:
        missing = "Sending spans to a collector needs opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http."
        if named is not None:
            raise SettingsError(missing, hint=_INSTALL) from error
        print(f"note: {missing} {_INSTALL}", file=sys.stderr)
        return None
    headers = {name: value.get_secret_value() for name, value in settings.telemetry.headers.items()}
    return OtlpSender(_traces_url(named) if named else None, headers, shown=named or standard or "")


def close_sender(sender: OtlpSender | None) -> None:
    """Send what waits, for a bounded time, and say what was lost."""
    if sender is None:
        return
    sender.close()
    if sender.lost:
        told = one_line(Redactor().text(sender.shown), 200)
        print(f"note: the collector at {told} did not take {sender.lost} spans; the trace has them", file=sys.stderr)


def _traces_url(endpoint: str) -> str:
    base = endpoint.rstrip("/")
    return base if base.endswith(_PATH) else base + _PATH
