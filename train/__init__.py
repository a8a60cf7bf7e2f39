"""Training planners. The room above evals: it may import every other room, and is the only one that may import torch."""
