"""What a process of ours that works on hostile input does first."""

from __future__ import annotations


def cap_memory(most_bytes: int) -> None:
    """Let this process have so much address space and no more; beyond it, it raises `MemoryError`.

    Where the system refuses (macOS) or knows no such limit (Windows), nothing is capped: whoever started the process
    has a clock.
    """
    try:
        import resource
    except ImportError:
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    except (ValueError, OSError):
        return
