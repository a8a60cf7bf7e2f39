"""Each web address of a claim stands in its spans."""

from __future__ import annotations

from collections.abc import Sequence

from ..digest import Claim
from ..text.links import urls
from .base import Failing


def check_urls(claim: Claim, spans: Sequence[str]) -> list[Failing]:
    """Addresses of the claim's text that no span has, whatever their scheme and final slash."""
    wanted = urls(claim.text)
    known = {link.key for span in spans for link in urls(span)} if wanted else set()
    return [Failing("url", link.url) for link in wanted if link.key not in known]
