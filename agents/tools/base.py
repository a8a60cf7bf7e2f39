"""What Foreplan's own tools hand back beside their text.

A tool with `response_format="content_and_artifact"` may return a tuple of `Excerpt`s as its artifact: text with a
known origin, which the worker stores, shows under a handle and can cite span by span. What other tools return is
stored and cited as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Characters `start` to `end` of `text`, the whole text of one document or page."""

    text: str
    start: int
    end: int
    title: str
    source: str

    @property
    def shown(self) -> str:
        """The excerpt itself."""
        return self.text[self.start : self.end]
