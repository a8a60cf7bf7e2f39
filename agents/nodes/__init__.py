"""The nodes of the graph, one a file: each reads the state, opens the run's scope, and returns what it adds."""
