"""How much of a worker's prompt stands in a prefix that the run's workers share, so that prefix caches hit.

Of the tokens beyond evidence and digests, counted as an endpoint lays out a prompt: tools first, then the messages.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
from collections.abc import Sequence
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

from foreplan.bench._job import play
from foreplan.core.testing.log import Logged
from foreplan.core.testing.research import ResearchJob
from foreplan.core.testing.tokens import count_tokens

_MATERIAL = re.compile(r"<(data|claims)\b[^>]*>.*?</\1>", re.DOTALL)


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Means over the workers' calls of one 12-subtask job, each compared with the calls that offer the same tools.

    Args:
        data: not used.
        quick: no difference.

    Returns:
        `shared_prefix_share` (0..1), `prefix_tokens`, `prompt_tokens` beyond evidence and digests, and
        `server_cached_share`: of all the workers' prompt tokens, what a server with a prefix cache had seen before.
    """
    played = asyncio.run(play(ResearchJob(subtasks=12, levels=4, seed=0)))
    calls = played.calls("worker")
    shared, own = [], []
    for _, group in groupby(sorted(calls, key=_tools), key=_tools):
        prompts = [_laid_out(call) for call in group]
        own += [count_tokens(prompt) for prompt in prompts]
        shared += [count_tokens(_common_prefix(prompts))] * len(prompts)
    return {
        "shared_prefix_share": statistics.mean(prefix / tokens for prefix, tokens in zip(shared, own, strict=True)),
        "prefix_tokens": statistics.mean(shared),
        "prompt_tokens": statistics.mean(own),
        "server_cached_share": sum(call.cached_tokens for call in calls) / sum(call.prompt_tokens for call in calls),
    }


def _tools(call: Logged) -> str:
    return json.dumps(list(call.tools))


def _common_prefix(prompts: Sequence[str]) -> str:
    same = takewhile(lambda characters: len(set(characters)) == 1, zip(*prompts, strict=False))
    return "".join(characters[0] for characters in same)


def _laid_out(call: Logged) -> str:
    """A prompt as text, without the documents and digests shown in it."""
    messages = [f"{message['role']}\n{_MATERIAL.sub('', message.get('content') or '')}" for message in call.messages]
    return _tools(call) + "\n".join(messages)
