"""Optimizers: each is one small class that holds its update rule."""

from minitorch._missing import missing
from minitorch.optim.adam import Adam, AdamW
from minitorch.optim.optimizer import Optimizer
from minitorch.optim.sgd import SGD

__all__ = ["Adam", "AdamW", "Optimizer", "SGD"]

__getattr__ = missing(__name__)
