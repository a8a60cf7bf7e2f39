"""Connecting: a spec or a LangChain chat model goes in, a `Model` comes out. Loads openai and LangChain.

Law: an endpoint is called through the `openai` client itself (LangChain's loses thinking that is told apart, and hands
each answer to a thread and back), a user's chat model through LangChain; both are metered alike. LangChain's listeners
hear of an endpoint's whole answers, not of its streams.
"""

from __future__ import annotations

from langchain_core.language_models import BaseChatModel
from langchain_openai.chat_models.base import BaseChatOpenAI

from ..slots import PrioritySlots
from .bounds import CountTokens
from .faults import Place
from .langchain_backend import LangChainBackend, own_model
from .model import Model
from .openai_backend import OpenAIBackend
from .quirks import Quirks
from .retry import RetryPolicy
from .spec import ModelSpec

ELSEWHERE = "http://langchain.invalid"
"""Stands for the URL of a chat model that is not OpenAI-compatible, so that OpenAI's prices do not count for it."""


def connect(
    spec: ModelSpec,
    *,
    slots: PrioritySlots | None = None,
    retry: RetryPolicy | None = None,
    count_tokens: CountTokens | None = None,
) -> Model:
    """The model that `spec` describes. Nothing is sent before the first call."""
    return Model(spec, OpenAIBackend(spec), slots=slots, retry=retry, count_tokens=count_tokens)


def wrap(chat_model: BaseChatModel, *, spec: ModelSpec | None = None, retry: RetryPolicy | None = None) -> Model:
    """A user's own LangChain chat model, metered.

    `spec` adds what LangChain does not tell: price, window, quirks. Without it the limits are the defaults; structured
    output is found out at the first call.
    """
    known = spec or spec_of(chat_model)
    model = own_model(chat_model)
    place = Place(type(chat_model).__name__, known.model, known.key)
    return Model(known, LangChainBackend(model, place), retry=retry, place=place)


def spec_of(chat_model: BaseChatModel) -> ModelSpec:
    """What can be told from a LangChain chat model: its name, and its URL where it is an OpenAI-compatible one."""
    name = getattr(chat_model, "model_name", None) or getattr(chat_model, "model", None)
    url = getattr(chat_model, "openai_api_base", None)
    speaks_wire = isinstance(chat_model, BaseChatOpenAI)
    return ModelSpec(
        model=str(name or type(chat_model).__name__)[:300],
        base_url=url if isinstance(url, str) else None if speaks_wire else ELSEWHERE,
        quirks=Quirks() if speaks_wire else Quirks(seed=False, reasoning_effort=False),
    )
