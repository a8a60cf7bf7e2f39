"""The graph that LangGraph Studio opens: `langgraph dev` in the root of the checkout reads langgraph.json.

Give it `{"brief": "Who designed the lighthouse on Grennan Head?"}`. Studio brings its own checkpointer and store.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreplan import Context, build_graph, load_settings, models_from
from foreplan.memory.documents.index import DocumentIndex


def make_graph() -> Any:
    """The graph over the example documents, with the models that are configured."""
    settings = load_settings()
    sources = DocumentIndex.in_memory([])
    sources.update([Path(__file__).parent / "documents"])
    return build_graph(Context(models=models_from(settings), sources=sources, limits=settings.run_limits)).compile()
