"""What keeps plans in form: a planner's card and the form asked for go in, the grammar it writes under comes out.

The compact codec has a grammar of its own; JSON plans are kept to the schema that endpoints are asked for too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...planner.schema import JsonSchema, output_schema
from ...planner.validate import PlanRules
from ..grammar.base import Grammar
from ..grammar.compact import CompactGrammar
from ..grammar.json_schema import JsonGrammar
from ..tiny.folder import Card


def schema_for(card: Card, rules: PlanRules) -> JsonSchema | None:
    """The schema of JSON plans under these rules; None for a planner that writes none."""
    return dict(output_schema(rules).json_schema) if card.codec == "json" else None


def grammar_of(card: Card, tokenizer: Any, schema: Mapping[str, Any] | None) -> Grammar | None:
    """The grammar of a planner with this card; None when it writes freely, which is JSON without a schema.

    Raises:
        MissingExtra: when the library for JSON grammars is missing.
    """
    if card.codec == "compact":
        return CompactGrammar()
    return JsonGrammar(tokenizer, schema) if schema else None
