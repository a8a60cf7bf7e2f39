"""The tiny planner's model: a Qwen3 of about 0.3 million parameters with random weights, made here.

Its weights begin with a variance of 1 / width (LeCun et al. 1998, "Efficient BackProp", section 4.6). The 0.02 that is
usual for large models is five times too small for a width of 96: after 600 steps of imitation such a planner still
could not copy the parts' names from the brief.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM


def tiny_model(tokenizer: PreTrainedTokenizerFast, *, seed: int = 0, hidden: int = 96, layers: int = 3) -> Any:
    """A fresh model for a tokenizer, the same for equal seeds.

    Args:
        tokenizer: whose tokens it reads and writes.
        seed: of its random weights.
        hidden: width; a multiple of 16.
        layers: depth.

    Returns:
        A `Qwen3ForCausalLM` in float32 with tied embeddings.
    """
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=hidden // 4,
        max_position_embeddings=1_024,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        use_cache=True,
        initializer_range=hidden**-0.5,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Qwen3ForCausalLM(config)
