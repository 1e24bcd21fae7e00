"""Cutting a link of an emulated network, and mending it.

A visible cut takes down the wire's two interfaces, not the sites': those keep their addresses, neighbours and routes, and
lose their carrier, as when light fails. The static routes over them are dead to the kernel (linkdown) until it returns.
"""

from dataclasses import replace
from functools import partial

from netbench.errors import CannotMeasureError, UsageError
from netbench.linux.namespaces import run_inside
from netbench.linux.rtnetlink import IFF_UP, carry_out, set_flags
from netbench.plan.failures import How
from netbench.plan.model import DIRECTIONS
from netbench_topologies.build import PlanNet
from netbench_topologies.spec import direction_spec
from netbench_topologies.wire import Wire


def cut(net: PlanNet, wire: Wire, link: str, how: How) -> None:
    """Cut a link.

    :raises CannotMeasureError: when the kernel does not do as told
    :raises UsageError: when the plan has no such link
    """
    _known(net, link)
    if how == "visible":
        _set_wire_ends(net, link, up=False)
        return
    for direction in DIRECTIONS:
        asked = direction_spec(net.plan.links[link], direction)
        wire.alter(link, direction, replace(asked, loss_ratio=1.0, loss_burst=None))


def restore(net: PlanNet, wire: Wire, link: str) -> None:
    """Make a link as the plan says again, however it was cut.

    :raises CannotMeasureError: when the kernel does not do as told
    :raises UsageError: when the plan has no such link
    """
    _known(net, link)
    for direction in DIRECTIONS:
        wire.alter(link, direction, direction_spec(net.plan.links[link], direction))
    _set_wire_ends(net, link, up=True)


def _known(net: PlanNet, link: str) -> None:
    if link not in net.addressing.links:
        raise UsageError(f"plan '{net.plan.name}' has no link called '{link}'")


def _set_wire_ends(net: PlanNet, link: str, *, up: bool) -> None:
    names = net.addressing.links[link]
    flags = [set_flags(end.wire_index, IFF_UP if up else 0, 0 if up else IFF_UP) for end in (names.a, names.b)]
    try:
        run_inside(net.home, partial(carry_out, flags))
    except OSError as error:
        raise CannotMeasureError(f"the kernel refused to set link '{link}' {'up' if up else 'down'}: {error}") from error
