"""World `market`: an abstract market of workers in which the best plan, its budgets and its routing are known exactly.

`problem` makes problems from seeds, `curves` and `pool` say what parts take, `prices` what they cost; `optimum` finds
the best plan; `matching`, `expectation` and `simulation` say what comes of any plan; `baselines` are constant budgets;
`world` is the door.
"""
