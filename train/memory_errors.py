"""Full memory has one name: what a GPU's or the CPU's allocator raises goes in, `OutOfMemoryError` comes out.

What is raised for want of memory is told by accelerate, which also counts cuDNN's "not supported" among it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise as `torch.OutOfMemoryError` what is raised within for want of memory, on any device."""
    import torch
    from accelerate.utils.memory import should_reduce_batch_size  # type: ignore[import-untyped]

    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or not should_reduce_batch_size(error):
            raise
        raise torch.OutOfMemoryError(*error.args) from error
