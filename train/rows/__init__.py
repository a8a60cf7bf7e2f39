"""Traces of runs go in, rows to look at or to train on come out, a run at a time; no library of training is needed.

`read` makes a `TraceRow` of a run's trace, `choose` picks and orders rows, `base` is what every exporter is and
`formats` finds one by name; each form of rows has its own file. `export` writes them without secrets.
"""
