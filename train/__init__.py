"""Training planners: rows from traces, SFT, preferences, RL. May import every other room, and alone may import torch.

`rollout` holds the data that the parts pass around; `reward/` says what a plan is worth, `trainer/` computes the
update, `grammar/` keeps a sampled plan in the compact form, `rows/` makes training rows of traces.
"""
