"""netbench: whether a network corridor meets its target, before and after it is built."""

__version__ = "0.1.0"
