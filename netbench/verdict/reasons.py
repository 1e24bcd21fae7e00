"""Why a verdict is what it is: every sentence that a verdict may give, as a template.

The templates are message ids: a reader in another language translates the template and fills the same fields in. A field holds
either a formatted figure, which reads the same in every language (``12.4 ms``, ``0.1 %``, ``12.1 ms – 12.9 ms``, ``≥ 12.1 ms``),
or one word of netbench's vocabulary, which a reader may look up: ``direction`` (forward, reverse, both), ``metric``,
``statistic``, ``layer`` and ``measured`` (optical, ip, internet, radio). ``cause`` is a sentence given from outside.
"""

from dataclasses import dataclass
from typing import Final

MET: Final = "{value} ({interval}) {direction} meets the limit of {limit}"
MISSED: Final = "{value} ({interval}) {direction} misses the limit of {limit}"
NOT_DUE: Final = "{value} ({interval}) {direction} misses the limit of {limit}, which is not due before {due}"

EVEN_ROUND_TRIP_MEETS: Final = "even the round trip, {value} ({interval}), meets the limit of {limit}"
EVEN_ONE_WAY_MISSES: Final = "even one way, {value} ({interval}) {direction} misses the limit of {limit}"
READINGS_DIFFER: Final = (
    "the source does not say whether its {limit} is one way or round trip: one way is {one_way}, round trip {round_trip}"
)
ONLY_ROUND_TRIP: Final = (
    "only both ways together were measured, {value} ({interval}): more than {limit}, but one way alone may still meet it"
)

TOO_FEW: Final = "{value} {direction} from {count} samples is too few to judge {statistic} against {limit}: {needed} are needed"
STRADDLES: Final = "{value} ({interval}) {direction} straddles the limit of {limit}: about {needed} samples would decide"
TOO_CLOSE: Final = (
    "{value} ({interval}) {direction} is too close to the limit of {limit} for any practical number of samples to decide"
)
WITHIN_ERROR: Final = (
    "{value} {direction} is within the measurement's own error, {error}, of the limit of {limit}: more samples would not decide"
)
UNPROVABLE: Final = "{value} {direction} meets {limit} so far, but no number of samples proves a {statistic}: state a quantile"

NO_INTERVAL: Final = (
    "{value} {direction} was given without an interval, so how sure it is against the limit of {limit} is not known: "
    "that takes the samples"
)
SEEN_TO_MISS: Final = "{value} {direction} was seen, which misses the limit of {limit}"
SEEN_TO_MEET: Final = "{value} {direction} was seen, which meets the limit of {limit}"

NOT_MEASURED: Final = "{metric} {statistic} {direction} was not measured"
BUSY_HOUR: Final = "the samples do not span a busy hour, so its mean is not known"
THEORY_TOO_SHORT: Final = "the theoretical delay, {theory}, is known only to {error}: too little for a ratio"
LOWER_LAYER: Final = (
    "{value} ({interval}) {direction}, measured at layer {measured}, misses the limit of {limit}, "
    "but that is for layer {layer}, which may still meet it"
)
OTHER_LAYER: Final = "measured at layer {measured}, which says nothing of a limit for layer {layer}"

VOID: Final = "not fit to be judged: {cause}"
UNPROVED: Final = "not proved: {cause}"
BELOW_THEORY: Final = "{value} {direction} is less than the theoretical {theory}: a clock or a coordinate is wrong"

NO_TARGET: Final = "the plan states no target for this corridor"


@dataclass(frozen=True, slots=True)
class Reason:
    """One template and what to fill in."""

    key: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, key: str, **fields: str) -> "Reason":
        """Return the reason with its fields, of which the template uses every one.

        :raises KeyError: when the template names a field that is not given.
        """
        key.format(**fields)
        return cls(key, tuple((name, value) for name, value in fields.items() if f"{{{name}}}" in key))

    def sentence(self) -> str:
        """Return the reason in English."""
        return self.key.format(**dict(self.fields))
