"""New weights for a running vLLM server: a folder goes in, and the server plans with what is in it.

A reload that fails destroys vLLM's engine while its `/health` says that all is well. So a folder is read and compared
with the model that the server began with before the server hears of it, and a generation is asked for afterwards. Law:
a folder that cannot be used never reaches the server.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import RecipeError, TrainingPaused
from .wire import Server

_MAX_HEADER_BYTES = 100_000_000
_OF_SHAPE = ("architectures", "hidden_size", "num_hidden_layers", "vocab_size", "num_attention_heads", "head_dim")


class Tensor(NamedTuple):
    """What a file says of one tensor."""

    dtype: str
    shape: tuple[int, ...]


def tensors_in(folder: Path) -> dict[str, Tensor]:
    """The tensors of a folder's safetensors files, by name. Headers are read and sizes checked, not the weights.

    Raises:
        RecipeError: when there are none, or a file is torn or not what it says.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise RecipeError(f"{folder} holds no *.safetensors.", hint="Name a folder that foreplan train wrote.")
    found: dict[str, Tensor] = {}
    for file in files:
        found |= _tensors_of(file)
    return found


def check_weights(folder: Path, like: Path) -> None:
    """Check that the weights in `folder` can take the place of those in `like`.

    Raises:
        RecipeError: when they cannot; it says why.
    """
    said, wanted = _config(folder), _config(like)
    differ = [name for name in _OF_SHAPE if said.get(name) != wanted.get(name)]
    if differ:
        raise RecipeError(f"The model in {folder} differs from the server's in {', '.join(differ)}.", hint=_HINT)
    have, need = tensors_in(folder), tensors_in(like)
    for name in sorted(have.keys() ^ need.keys()):
        where, other = (folder, like) if name in have else (like, folder)
        raise RecipeError(f"The tensor {name[:200]} is in {where} and not in {other}.", hint=_HINT)
    for name, tensor in have.items():
        if tensor.shape != need[name].shape:
            raise RecipeError(
                f"The tensor {name[:200]} in {folder} has shape {tensor.shape}, not {need[name].shape}.", hint=_HINT
            )


def reload_weights(server: Server, folder: Path, *, like: Path, name: str) -> None:
    """Let the server load the weights of a folder that it can read, in development mode (`VLLM_SERVER_DEV_MODE=1`).

    Args:
        server: which serves a model.
        folder: the new weights, as seen by the server too.
        like: the folder that the server began with.
        name: what the server calls the model.

    Raises:
        RecipeError: when the folder cannot be used; the server has not heard of it.
        TrainingPaused: when the server does not plan any more.
    """
    check_weights(folder, like)
    body = {"method": "reload_weights", "kwargs": {"weights_path": str(folder.resolve())}}
    server.post("/collective_rpc", body, root=True)
    server.post("/reset_prefix_cache", {}, root=True)
    probe(server, name)


def load_adapter(server: Server, folder: Path, *, name: str) -> None:
    """Let the server load a LoRA adapter under a name (`VLLM_ALLOW_RUNTIME_LORA_UPDATING=1`, `--enable-lora`).

    Raises:
        RecipeError: when the folder is no adapter, or the server refuses it.
        TrainingPaused: when the server does not plan any more.
    """
    if not (folder / "adapter_config.json").is_file():
        raise RecipeError(f"{folder} holds no adapter_config.json.", hint="Name a folder with a LoRA adapter.")
    tensors_in(folder)
    server.post("/load_lora_adapter", {"lora_name": name, "lora_path": str(folder.resolve())})
    probe(server, name)


def unload_adapter(server: Server, name: str) -> None:
    """Let the server forget an adapter."""
    server.post("/unload_lora_adapter", {"lora_name": name})


def probe(server: Server, name: str) -> None:
    """Have the server write a token, and see that its log-prob is a number.

    Raises:
        TrainingPaused: when it does not.
    """
    body = {"model": name, "prompt": [0, 1], "max_tokens": 1, "temperature": 0, "logprobs": 0}
    answer = server.post("/completions", body)
    try:
        sound = all(math.isfinite(each) for each in answer["choices"][0]["logprobs"]["token_logprobs"])
    except (KeyError, IndexError, TypeError):
        sound = False
    if not sound:
        raise TrainingPaused(
            f"The server at {server.name} no longer plans after its weights were changed.",
            hint="Start it again; the training goes on from its checkpoint.",
        )


_HINT = "Name a folder with the same model, trained on."


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"{folder} holds no config.json that can be read.", hint=_HINT) from error
    if not isinstance(config, dict):
        raise RecipeError(f"The config.json in {folder} is none.", hint=_HINT)
    return config


def _tensors_of(file: Path) -> dict[str, Tensor]:
    """The header of one file: 8 bytes of length, then JSON, then the tensors (the format of safetensors)."""
    try:
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            if length > _MAX_HEADER_BYTES:
                raise ValueError("the header is too long")
            header = json.loads(opened.read(length))
        header.pop("__metadata__", None)
        found = {name: Tensor(each["dtype"], tuple(each["shape"])) for name, each in header.items()}
        end = max((int(each["data_offsets"][1]) for each in header.values()), default=0)
        if file.stat().st_size != 8 + length + end:
            raise ValueError("it is cut off")
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        struct.error,
        RecursionError,
    ) as error:
        raise RecipeError(f"{file} is no whole safetensors file: {str(error)[:200]}.", hint=_HINT) from error
    return found
