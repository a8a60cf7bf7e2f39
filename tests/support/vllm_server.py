"""A real vLLM server for tests, in an environment of its own (`make test-vllm` makes it)."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-vllm" / "bin" / "python"
NAME = "tiny"
READY_S = 240.0


class VllmServer:
    """Serves one folder's model on loopback, with structured output, tools, adapters and reloading of weights.

    Of vLLM's backends for structured output, `xgrammar` also keeps tool calls in form; `guidance` allows the same
    tokens as the grammar that training has.
    """

    def __init__(self, folder: Path, log: Path, *, backend: str = "xgrammar") -> None:
        self._backend = backend
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                self._command(folder), stdout=file, stderr=subprocess.STDOUT, env=_environment(), start_new_session=True
            )

    def __enter__(self) -> "VllmServer":
        began = time.monotonic()
        while time.monotonic() - began < READY_S:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2).status_code == 200:
                    return self
            except httpx.HTTPError:
                time.sleep(0.5)  # there is nothing to await before it listens
        text = self._log.read_text(errors="replace")[-3_000:]
        self.__exit__()
        raise RuntimeError(f"vLLM did not start:\n{text}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait()

    def _command(self, folder: Path) -> list[str]:
        form = json.dumps({"backend": self._backend, "disable_any_whitespace": True})
        return [
            str(PYTHON), "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder),
            "--served-model-name", NAME, "--host", "127.0.0.1", "--port", str(self.port), "--dtype", "float32",
            "--max-model-len", "4096", "--enable-auto-tool-choice", "--tool-call-parser", "hermes",
            "--tool-strict-level", "parameter", "--structured-outputs-config",
            form, "--enable-lora", "--max-lora-rank", "16",
            "--logprobs-mode", "processed_logprobs",
        ]  # fmt: skip


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "VLLM_CPU_CI_ENV": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_SERVER_DEV_MODE": "1",
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
        "HF_HUB_OFFLINE": "1",
    }
