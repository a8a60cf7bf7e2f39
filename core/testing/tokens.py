"""How the testing kit counts tokens: bytes over four, rounded up, the same on every machine and in every order.

In go messages and tools as they came over the wire, out come token counts. Laws: equal requests have equal counts;
a text cut to `n` tokens counts at most `n`; a request that repeats the beginning of an earlier one finds that
beginning cached, as in a server with a prefix cache (whole blocks of 16 tokens only).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

BYTES_PER_TOKEN = 4
BLOCK_TOKENS = 16
MAX_BLOCKS = 1_000_000


def count_tokens(text: str | bytes) -> int:
    """Tokens of a text: its UTF-8 bytes divided by four, rounded up."""
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    return -(-size // BYTES_PER_TOKEN)


def prompt_bytes(messages: Sequence[Any], tools: Sequence[Any] = ()) -> bytes:
    """A prompt as it is counted and cached: tools first, as chat templates have them, then one line per message."""
    parts = [*map(_dense, tools), *map(_dense, messages)]
    return "\n".join(parts).encode("utf-8", "surrogatepass")


def prompt_tokens(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()) -> int:
    """Tokens of a prompt: `ceil(bytes / 4)` of its messages and tools as dense JSON lines."""
    return count_tokens(prompt_bytes(messages, tools))


def cut(text: str, tokens: int) -> str:
    """The longest beginning of `text` that counts at most `tokens`."""
    data = text.encode("utf-8", "surrogatepass")
    limit = max(0, tokens) * BYTES_PER_TOKEN
    if len(data) <= limit:
        return text
    while limit > 0 and data[limit] & 0xC0 == 0x80:  # never in the middle of a character
        limit -= 1
    return data[:limit].decode("utf-8", "surrogatepass")


def _dense(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class PrefixCache:
    """Which beginnings of prompts were seen, per model, in blocks of 16 tokens; a block is known by the chain up to it.

    Holds at most a million blocks (about 64 MB of prompts); then it forgets everything and starts anew.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def lookup(self, model: str, prompt: bytes) -> int:
        """Tokens at the beginning of `prompt` that an earlier prompt to `model` had too; remembers `prompt`."""
        size = BLOCK_TOKENS * BYTES_PER_TOKEN
        link, cached, hit = hash(model), 0, True
        if len(self._seen) > MAX_BLOCKS:
            self._seen.clear()
        for start in range(0, len(prompt) - size + 1, size):
            link = hash((link, prompt[start : start + size]))
            hit = hit and link in self._seen
            cached += BLOCK_TOKENS if hit else 0
            self._seen.add(link)
        return cached
