"""Foreplan as one node of your own graph: your state goes in, its report comes back into your state.

python examples/subgraph.py "Which medal did the designer of Grennan Head win?"
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from foreplan import Context, build_graph
from foreplan.memory.documents.index import DocumentIndex

DOCUMENTS = Path(__file__).parent / "documents"


class Ticket(TypedDict, total=False):
    """State of the outer graph: a customer's question and our answer."""

    question: str
    answer: str


def support_graph() -> Any:
    """A graph that tidies the question, researches it, and signs the answer."""
    sources = DocumentIndex.in_memory([])
    sources.update([DOCUMENTS])
    research = build_graph(Context(sources=sources)).compile()

    async def tidy(state: Ticket) -> Ticket:
        return {"question": " ".join(state["question"].split())}

    async def answer(state: Ticket) -> Ticket:
        result = await research.ainvoke({"brief": state["question"]})
        return {"answer": result["report"]["markdown"]}

    graph = StateGraph(Ticket)
    graph.add_node("tidy", tidy)
    graph.add_node("answer", answer)
    graph.add_edge(START, "tidy")
    graph.add_edge("tidy", "answer")
    graph.add_edge("answer", END)
    return graph.compile()


async def main(question: str) -> str:
    """The answer to one question."""
    result = await support_graph().ainvoke({"question": question})
    return str(result["answer"])


if __name__ == "__main__":
    print(asyncio.run(main(" ".join(sys.argv[1:]) or "Which medal did the designer of Grennan Head win?")))
