"""OSPF's cost of every link, such that its shortest paths are the plan's routes.

A cost is the link's weight, the sum of both its delays, in a unit that makes the largest fit 16 bits. What rounding, or a tie
that the plan breaks by hops and by the alphabet, would leave undecided is decided by raising a cost by as little as it takes.
"""

from collections.abc import Iterator, Mapping

from netbench.errors import RefusedError
from netbench.plan.model import Link, Plan
from netbench.plan.routing import next_hops

LARGEST_COST = 65_535
_LARGEST_BEFORE_RAISING = 60_000
_MOST_ROUNDS = 100


def ospf_costs(plan: Plan) -> dict[str, int]:
    """Return the cost of every link, by id, the same in both directions.

    :raises RefusedError: when no costs of 16 bits keep the plan's order of routes
    """
    costs = _rounded(plan)
    hops = next_hops(plan)
    for _ in range(_MOST_ROUNDS):
        missing = dict(_shortfalls(plan, hops, costs))
        if not missing:
            return costs
        costs |= {link: costs[link] + raised for link, raised in missing.items()}
        if max(costs.values()) > LARGEST_COST:
            break
    raise RefusedError(
        f"OSPF's costs of at most {LARGEST_COST} cannot keep the plan's order of routes; use --routing static, or plan delays "
        "that differ by more"
    )


def _rounded(plan: Plan) -> dict[str, int]:
    sums = {link.id: link.delay_ns.forward + link.delay_ns.reverse for link in plan.links.values()}
    unit_ns = max(1, -(-max(sums.values()) // _LARGEST_BEFORE_RAISING))
    return {link: max(1, round(delay_ns / unit_ns)) for link, delay_ns in sums.items()}


def _shortfalls(plan: Plan, hops: Mapping[str, Mapping[str, str]], costs: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Yield the links over which a site would be as near to a destination as by the plan's route, and what each lacks.

    Where there is none, every tree of the plan is the one tree of shortest paths.
    """
    for destination in plan.sites:
        far = _costs_to(plan, hops, costs, destination)
        for link in plan.links.values():
            for site in (link.a, link.b):
                if site in far and site != destination and hops[site][destination] != link.id:
                    lacking = far[site] - far[link.other_end(site)] - costs[link.id]
                    if lacking >= 0:
                        yield link.id, lacking + 1


def _costs_to(plan: Plan, hops: Mapping[str, Mapping[str, str]], costs: Mapping[str, int], destination: str) -> dict[str, int]:
    """Return what the plan's route costs from every site that has one."""
    far = {destination: 0}
    for start in plan.sites:
        passed: list[tuple[str, Link]] = []
        site = start
        while site not in far and destination in hops[site]:
            link = plan.links[hops[site][destination]]
            passed.append((site, link))
            site = link.other_end(site)
        for before, link in reversed(passed):
            far[before] = far[link.other_end(before)] + costs[link.id]
    return far
