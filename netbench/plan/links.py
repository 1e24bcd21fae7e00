"""Reading a plan's links, and holding each to physics and to what an emulation can do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from typing import TypeVar

from netbench.plan import defaults
from netbench.plan.fields import Fields, Value
from netbench.plan.impairments import bounded_duration, read_jitter, read_loss, read_queue, read_reorder
from netbench.plan.model import DIRECTIONS, Layer, Link, LinkClass, Medium, PerDirection, Site, Theory
from netbench.plan.physics import great_circle_km, group_index_of, position_error_km, propagation_ns, shortest_possible_km
from netbench.plan.traces import read_traces
from netbench.units import format_duration, format_rate

T = TypeVar("T")

KEYS = (
    "id", "between", "class", "medium", "layer", "operator", "route_km", "equipment", "delay", "rate", "rate_scale", "queue",
    "jitter", "loss", "reorder", "trace", "risk", "assumed", "tolerance",
    "symmetric",
)  # fmt: skip

LONGEST_ROUTE_KM = 100_000
LARGEST_SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a link is read against; ``folder`` is where its traces lie, None for a plan without a file."""

    sites: Mapping[str, Site]
    theory: Theory
    rate_scale: int
    folder: Traversable | None = None


@dataclass(frozen=True, slots=True)
class _Delay:
    route_km: float | None
    equipment_ns: int
    delay_ns: PerDirection[int]


def read_link(value: Value, around: Surroundings) -> Link:
    """Return one link.

    :raises PlanError: when a key is wrong, or the link would outrun light, leave its queue empty or lose everything
    """
    fields = value.fields(KEYS, ("id", "between", "class"))
    a, b = _ends(fields["between"], around.sites)
    link_class = fields["class"].choice(LinkClass)
    medium = fields.get("medium", lambda given: given.choice(Medium), Medium.FIBRE)
    delay = _delay(fields, around, (a, b), medium)
    rate_bps = _rate(fields, link_class, medium)
    rate_scale = fields.get("rate_scale", lambda given: given.whole(1, LARGEST_SCALE, "rate_scale"), around.rate_scale)
    _check_emulated_rate(fields, rate_bps, rate_scale)
    assumptions = _assumptions(fields)
    loss = read_loss(fields)
    link = Link(
        id=fields["id"].identifier(),
        a=a.id,
        b=b.id,
        link_class=link_class,
        medium=medium,
        layer=fields.get("layer", lambda given: given.choice(Layer), Layer.IP),
        operator=fields.get("operator", Value.text, defaults.OPERATOR),
        route_km=delay.route_km,
        equipment_ns=delay.equipment_ns,
        delay_ns=delay.delay_ns,
        rate_bps=rate_bps,
        rate_scale=rate_scale,
        queue_ns=read_queue(fields, rate_bps, rate_scale),
        jitter_ns=read_jitter(fields, delay.delay_ns),
        loss_ratio=PerDirection(loss.forward.ratio, loss.reverse.ratio),
        loss_burst=PerDirection(loss.forward.burst, loss.reverse.burst),
        reorder=read_reorder(fields),
        trace=PerDirection(None, None),
        risk=fields.get("risk", lambda given: tuple(item.identifier() for item in given.one_or_more()), ()),
        assumed=bool(assumptions),
        assumptions=assumptions,
        tolerance_ns=_tolerance(fields),
        symmetric=_symmetric(fields, delay.delay_ns),
    )
    return replace(link, trace=read_traces(fields, link, _light_ns(around, (a, b), medium), around.folder))


def _ends(value: Value, sites: Mapping[str, Site]) -> tuple[Site, Site]:
    ends = value.items()
    if len(ends) != 2:
        raise value.error(f"a link is between two sites, and {len(ends)} are named")
    a, b = (sites[end.known(sites, "site")] for end in ends)
    if a is b:
        raise value.error(f"the link leads from '{a.id}' to itself; name two different sites")
    return a, b


def _delay(fields: Fields, around: Surroundings, ends: tuple[Site, Site], medium: Medium) -> _Delay:
    if "delay" in fields:
        return _stated_delay(fields, around, ends, medium)
    km = _route_km(fields, ends)
    equipment_ns = fields.get("equipment", bounded_duration, defaults.EQUIPMENT_NS[medium])
    whole_ns = propagation_ns(km, group_index_of(medium, around.theory.group_index)) + equipment_ns
    return _Delay(km, equipment_ns, _both(whole_ns))


def _stated_delay(fields: Fields, around: Surroundings, ends: tuple[Site, Site], medium: Medium) -> _Delay:
    for key in ("route_km", "equipment"):
        if key in fields:
            raise fields[key].error(f"'delay' is the whole delay of the link; give it or '{key}', not both")
    delay_ns = fields["delay"].per_direction(bounded_duration)
    light_ns = _light_ns(around, ends, medium)
    if min(delay_ns.forward, delay_ns.reverse) < light_ns:
        given = format_duration(min(delay_ns.forward, delay_ns.reverse))
        through = "air" if medium is Medium.MOBILE else "glass"
        raise fields["delay"].error(
            f"{given} is faster than light in {through}, which needs {format_duration(light_ns)} for {_distance(ends)}"
        )
    return _Delay(None, 0, delay_ns)


def _light_ns(around: Surroundings, ends: tuple[Site, Site], medium: Medium) -> int:
    """What light takes at least from one end to the other."""
    return propagation_ns(shortest_possible_km(*ends), group_index_of(medium, around.theory.group_index))


def _route_km(fields: Fields, ends: tuple[Site, Site]) -> float:
    direct_km = great_circle_km(*ends)
    if "route_km" not in fields:
        return round(direct_km * defaults.ROUTE_FACTOR, 3)
    km = fields["route_km"].number(0, LONGEST_ROUTE_KM, "a route in km")
    if km < shortest_possible_km(*ends):
        raise fields["route_km"].error(f"{km:g} km is shorter than the great circle: {_distance(ends)}")
    return km


def _distance(ends: tuple[Site, Site]) -> str:
    a, b = ends
    return f"{great_circle_km(a, b):.1f} km from '{a.id}' to '{b.id}', less {position_error_km(a, b):g} km of position error"


def _rate(fields: Fields, link_class: LinkClass, medium: Medium) -> PerDirection[int]:
    default = defaults.MOBILE_RATE_BPS if medium is Medium.MOBILE else defaults.RATE_BPS[link_class]
    return fields.get("rate", lambda given: given.per_direction(_possible_rate), default)


def _possible_rate(value: Value) -> int:
    rate = value.rate_bps()
    if rate > 10**15:
        raise value.error(f"{format_rate(rate)} is impossible: no link carries more than 1000 Tbit/s")
    return rate


def _check_emulated_rate(fields: Fields, rate_bps: PerDirection[int], rate_scale: int) -> None:
    for direction in DIRECTIONS:
        emulated_bps = rate_bps.towards(direction) / rate_scale
        if emulated_bps < defaults.LOWEST_EMULATED_RATE_BPS:
            raise fields.at("rate").error(
                f"{format_rate(rate_bps.towards(direction))} {direction} over a rate_scale of {rate_scale} is "
                f"{format_rate(emulated_bps)}, too slow to emulate (1 Mbit/s at least); give the link a smaller rate_scale"
            )


def _symmetric(fields: Fields, delay_ns: PerDirection[int]) -> bool:
    symmetric = fields.get("symmetric", Value.flag, False)
    if symmetric and delay_ns.forward != delay_ns.reverse:
        there, back = format_duration(delay_ns.forward), format_duration(delay_ns.reverse)
        raise fields["symmetric"].error(f"the link is declared symmetric, and its 'delay' is {there} forward and {back} reverse")
    return symmetric


def _tolerance(fields: Fields) -> int:
    tolerance_ns = fields.get("tolerance", bounded_duration, defaults.TOLERANCE_NS)
    if tolerance_ns == 0:
        raise fields["tolerance"].error("a tolerance of 0 can never be held; 80us is the default")
    return tolerance_ns


def _assumptions(fields: Fields) -> tuple[str, ...]:
    """Return the facts nobody gave: none where the plan vouches for the link, all that it could mean where it doubts it."""
    left_out = _left_out(fields)
    if "assumed" not in fields:
        return left_out
    if fields["assumed"].flag():
        length = "delay" if "delay" in fields else "route_km"
        return tuple(dict.fromkeys((length, *left_out)))
    for key, words in (("route_km", "neither 'route_km' nor 'delay'"), ("rate", "no 'rate'")):
        if key in left_out:
            raise fields["assumed"].error(f"the link claims that nothing is assumed and gives {words}")
    return ()


def _left_out(fields: Fields) -> tuple[str, ...]:
    delay = () if "delay" in fields else ("route_km", "equipment")
    return tuple(key for key in (*delay, "rate", "queue", "jitter", "loss") if key not in fields)


def _both(value: T) -> PerDirection[T]:
    return PerDirection(value, value)
