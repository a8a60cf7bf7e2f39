"""Delimiters of data in a prompt, and how a text is kept from ending them.

Law: nothing inside a delimited text can end its delimiter or open another; where it tries, one character is changed to
a look-alike of the same length, so that offsets in what is shown are offsets in what is stored.
"""

from __future__ import annotations

import re

_LOOK_ALIKE = "\u2039"
_NAMED = r"(?=[\s/]{0,8}(?:data|claims))"
_DELIMITER = re.compile(f"<{_NAMED}", re.IGNORECASE)
_DEFUSED = re.compile(f"{_LOOK_ALIKE}{_NAMED}", re.IGNORECASE)


def defused(text: str) -> str:
    """`text` without anything that could be taken for a delimiter, at the same length."""
    return _DELIMITER.sub(_LOOK_ALIKE, text)


def restored(quote: str) -> str:
    """A quote of shown text as it stands in the store: the inverse of `defused`."""
    return _DEFUSED.sub("<", quote)
