"""Real vLLM servers for the tests of this folder, with a model that is made here.

The folder is not called vllm: TRL would take it for the library.
"""

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from support.tiny_chat import make_adapter, make_chat_model, train_on_plan
from support.vllm_server import PYTHON, VllmServer


@pytest.fixture(scope="session")
def chat_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat")
    make_chat_model(folder)
    return folder


@pytest.fixture(scope="session")
def trained_folder(chat_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train_on_plan(chat_folder, folder)
    return folder


@pytest.fixture(scope="session")
def adapter_folder(chat_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapter")
    make_adapter(chat_folder, folder)
    return folder


@pytest.fixture(scope="session")
def vllm(chat_folder, tmp_path_factory):
    yield from served(chat_folder, tmp_path_factory, "xgrammar")


@pytest.fixture(scope="module")
def guided_vllm(chat_folder, tmp_path_factory):
    yield from served(chat_folder, tmp_path_factory, "guidance")


def served(folder, tmp_path_factory, backend):
    if not PYTHON.exists():
        pytest.skip("there is no environment with vLLM: make install-vllm")
    with VllmServer(folder, tmp_path_factory.mktemp("log") / "vllm.log", backend=backend) as server:
        yield server
