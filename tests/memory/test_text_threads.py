"""Searches of several workers run in threads at once: words have the stems that they have in one thread."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from foreplan.memory.text.words import stem

WORDS = [f"{start}{middle}{end}" for start in ("publ", "organ", "rel", "nat", "happ", "gener")
         for middle in ("ish", "is", "ation", "ion", "i", "al") for end in ("ed", "es", "ing", "ness", "ally", "s")]  # fmt: skip


@pytest.fixture
def _busy_threads():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_busy_threads")
def test_threads_do_not_mix_up_their_words():
    alone = {word: stem(word) for word in WORDS}
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            stem.cache_clear()
            for found in pool.map(lambda shift: [stem(word) for word in WORDS[shift:] + WORDS[:shift]], range(0, 40, 10)):
                assert set(found) == set(alone.values())
            assert {word: stem(word) for word in WORDS} == alone
