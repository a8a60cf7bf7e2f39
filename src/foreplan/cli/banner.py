"""What a user is told when no model works for them."""

from __future__ import annotations

import sys

from foreplan.core.settings import Settings

BANNER = (
    "No model is configured, so this run is embedded: its report quotes and cites your documents, and no word of it is "
    "generated. To use models, set OPENAI_API_KEY, or pass --base-url URL --model NAME, or write foreplan.toml; "
    "`foreplan doctor` tells what is configured."
)
PLAN_BANNER = (
    "No model is configured, so this plan is made from the words of the question alone. To have a model plan, set "
    "OPENAI_API_KEY, or pass --base-url URL --model NAME, or write foreplan.toml."
)


def say_embedded(settings: Settings, banner: str = BANNER) -> None:
    """Say on standard error that no model is used, and how to use one unless this is as asked."""
    print("Embedded, as asked: no model is used." if settings.embedded else banner, file=sys.stderr)
