"""JSON plans as a grammar over the tokens of any fast tokenizer: a schema goes in, what may follow comes out.

The grammar is llguidance's (`pip install llguidance`), which vLLM offers too (backend `guidance`), so that plans drawn
there can be trained on here over the same sets of tokens. White space is the compact one of JSON. Law: a completion
that ends is JSON of the schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...evals.errors import MissingExtra
from ..errors import RecipeError


class Ids(tuple[int, ...]):
    """A large set of token ids, whose hash is computed once."""

    def __hash__(self) -> int:
        """The tuple's own hash."""
        try:
            found: int = self.__dict__["hash"]
        except KeyError:
            found = self.__dict__["hash"] = super().__hash__()
        return found


class JsonGrammar:
    """JSON of one schema, for every prompt."""

    def __init__(self, tokenizer: Any, schema: Mapping[str, Any]) -> None:
        """Compile the schema for a tokenizer's tokens, which takes a second.

        Args:
            tokenizer: a fast tokenizer of transformers.
            schema: a JSON schema, such as `planner.schema.plan_schema` returns.

        Raises:
            MissingExtra: when llguidance is not installed.
            RecipeError: when the schema cannot be made into a grammar.
        """
        try:
            from llguidance import LLMatcher
            from llguidance.hf import from_tokenizer
        except ImportError as error:
            raise MissingExtra("llguidance", "Drawing JSON plans in this process", extra="train") from error
        self._matcher = LLMatcher
        self._tokenizer = from_tokenizer(tokenizer, n_vocab=len(tokenizer))
        self._end = int(tokenizer.eos_token_id)
        self._grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides={"whitespace_flexible": False})
        self._known: dict[bytes, Ids] = {}
        fault = LLMatcher.validate_grammar(self._grammar, self._tokenizer)
        if fault:
            raise RecipeError(f"The JSON schema cannot be made into a grammar: {fault[:300]}", hint="Simplify it.")

    def walk(self, prompt_ids: Sequence[int]) -> JsonWalk:
        """A walk at the beginning of a completion; the prompt does not matter."""
        del prompt_ids
        return JsonWalk(self, self._matcher(self._tokenizer, self._grammar))

    def allowed(self, matcher: Any) -> Ids:
        """What a matcher allows; equal sets are one object."""
        if matcher.is_stopped():
            return Ids([self._end])
        bits: bytes = matcher.compute_bitmask()
        if bits not in self._known:
            flags = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), bitorder="little")
            self._known[bits] = Ids(np.flatnonzero(flags).tolist())
        return self._known[bits]


class JsonWalk:
    """One JSON text being written."""

    def __init__(self, grammar: JsonGrammar, matcher: Any) -> None:
        """Start where the matcher stands."""
        self._grammar, self._matcher = grammar, matcher
        self._allowed = grammar.allowed(matcher)

    def allowed(self) -> Ids:
        """The ids of the tokens that may come next, ascending."""
        return self._allowed

    def accept(self, token: int) -> None:
        """Go on behind this token.

        Raises:
            ValueError: when it is not one of those allowed.
        """
        if self._matcher.is_stopped() and token in self._allowed:
            return
        if not self._matcher.consume_token(token):
            raise ValueError(f"token {token} is not allowed here by the JSON schema")
        self._allowed = self._grammar.allowed(self._matcher)
