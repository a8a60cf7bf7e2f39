"""Forecasting from history: what past subtasks took goes in, corrected forecasts and budgets of a plan come out.

`history` keeps past outcomes by kind and effort, `traces` reads them from runs, `curve` is success against budget,
`choose` picks budget, effort and attempts by marginal value, `correct` does so for plans, `cost` says what one costs.
"""
