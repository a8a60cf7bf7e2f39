"""Training planners. May import every other room, and is the only one that may import torch."""
