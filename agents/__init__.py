"""The executor: a LangGraph graph that runs a plan with parallel workers and writes the report."""
