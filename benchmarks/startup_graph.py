"""A graph of 100 sites and 150 links, always the same: a ring, and a chord from every site to the one opposite."""

from collections.abc import Iterator

SITES = 100
RATE_MBPS = 100


def edges() -> list[tuple[int, int]]:
    """The links, each between two site numbers."""
    ring = [(number, (number + 1) % SITES) for number in range(SITES)]
    return [*ring, *((number, number + SITES // 2) for number in range(SITES // 2))]


def addresses(link: int) -> tuple[str, str]:
    """Both ends of a link, as netbench and this benchmark number them: a /31 each."""
    return tuple(f"10.254.{end >> 8}.{end & 0xFF}" for end in (2 * link, 2 * link + 1))  # type: ignore[return-value]


def plan_text() -> str:
    """The graph as a plan."""
    return "\n".join([_HEAD, *_sites(), "links:", *_links(), "corridors:", _CORRIDOR, ""])


_HEAD = f"""netbench: 1
plan: hundred
title: {{en: A hundred sites, zh: 百站}}
timezone: Asia/Shanghai
theory: {{group_index: 1.468, reading: great-circle}}
rate_scale: {100_000 // RATE_MBPS}
sites:"""
_CORRIDOR = "  - {id: across, kind: in-province, from: s0, to: s25}"


def _sites() -> Iterator[str]:
    for number in range(SITES):
        at = f"[{26 + number // 10 / 1000:.3f}, {106 + number % 10 / 1000:.3f}]"
        yield f"  s{number}: {{name: {{en: Site {number}, zh: 站 {number}}}, at: {at}, role: city}}"


def _links() -> Iterator[str]:
    for number, (a, b) in enumerate(edges()):
        yield f"  - {{id: l{number}, between: [s{a}, s{b}], class: metro, delay: 1ms, rate: 100G, queue: 5ms, loss: 0}}"
