"""Your own LangChain tools in the hands of Foreplan's workers. Needs a model, see docs/configuration.md.

    OPENAI_API_KEY=sk-... python examples/own_tools.py "How many boats are out at Port Sallow today?"

What a tool returns is kept as an artifact, so the report can cite it like any document.
"""

from __future__ import annotations

import asyncio
import sys

from langchain_core.tools import tool

from foreplan import Context, build_graph, load_settings, models_from
from foreplan.core.models.roles import Models


@tool
def harbour_log(harbour: str) -> str:
    """What the harbour office wrote down today. Give the harbour's name."""
    return f"{harbour}: 17 boats went out before noon, 12 have come back."


async def main(question: str, models: Models | None = None) -> str:
    """The report on one question."""
    settings = load_settings()
    context = Context(models=models or models_from(settings), tools=[harbour_log], limits=settings.run_limits)
    result = await build_graph().compile().ainvoke({"brief": question}, context=context)
    return str(result["report"]["markdown"])


if __name__ == "__main__":
    print(asyncio.run(main(" ".join(sys.argv[1:]) or "How many boats are out at Port Sallow today?")))
