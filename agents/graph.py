"""The graph of a run: plan → approve → execute → (revise → approve → execute)* → write.

A brief goes in (with a plan, if the user has one); a report with checked citations comes out. Without approval the plan
is written while its first subtasks already run: `execute` then owns the planner's stream. With approval, or with a plan
that came whole, `plan` has it before `approve` asks. Nodes hand on keys and plain data; everything live is in
`Context`, everything durable in the store, so the graph compiles with any checkpointer or none and embeds anywhere.
"""

from __future__ import annotations

from typing import Literal

from langgraph.graph import END, START, StateGraph

from .context import Context
from .nodes.approve import approve
from .nodes.execute import execute
from .nodes.plan import plan
from .nodes.revise import revise
from .nodes.write import write
from .scope import with_context
from .state import RunInput, RunOutput, RunState

ResearchGraph = StateGraph[RunState, Context, RunInput, RunOutput]


def build_graph(context: Context | None = None) -> ResearchGraph:
    """The graph, not yet compiled: the caller chooses checkpointer and store, or adds it to a graph of their own.

    Args:
        context: used by runs that are started without one, as in LangGraph Studio or in a parent graph whose own
            context has another type.
    """
    graph: ResearchGraph = StateGraph(RunState, Context, input_schema=RunInput, output_schema=RunOutput)
    for node in (plan, approve, execute, revise, write):
        graph.add_node(node.__name__, with_context(node, context))
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "approve")
    graph.add_conditional_edges("approve", _after_approval)
    graph.add_conditional_edges("execute", _next, ["revise", "write"])
    graph.add_conditional_edges("revise", _after_revision)
    graph.add_edge("write", END)
    return graph


# Coroutines, since LangGraph hands the choice of a plain function to a thread, and waits for it.


async def _after_approval(state: RunState) -> Literal["execute", "__end__"]:
    return "__end__" if state.get("decision") == "reject" else "execute"


async def _next(state: RunState) -> str:
    return state["next"]


async def _after_revision(state: RunState) -> Literal["approve", "write"]:
    return "approve" if state["next"] == "execute" else "write"
