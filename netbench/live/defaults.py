"""What an inventory means where it says nothing."""

from netbench.live.model import Limits

VERSION = 1
"""The inventory format that this code reads."""

PACKETS_PER_SECOND = 10
"""What a router's own reflector is sure to answer: its processor is policed, and drops what comes faster."""
MOST_PACKETS_PER_SECOND = 1000

LIMITS = Limits(PACKETS_PER_SECOND, None, "asked", ())
