"""What must be said beside the figures of echoes: who complained, of what, and how often."""

from netbench.linux.icmp_errors import Saying, saying_of
from netbench_probes.icmp.session import Tally


def remarks_of(tally: Tally) -> tuple[str, ...]:
    """Return a sentence for each kind of ICMP error from each sender, the most frequent first."""
    told = sorted(tally.complaints.items(), key=lambda item: -item[1])
    return tuple(_sentence(*who, count) for who, count in told)


def _sentence(sender: str | None, icmp_type: int, code: int, mtu_octets: int | None, count: int) -> str:
    saying = saying_of(sender, icmp_type, code)
    if saying is Saying.TOO_BIG:
        found = f"{sender or 'this host'} found {count} of the packets too big for the next link"
        return f"{found}, which takes {mtu_octets} octets" if mtu_octets else found
    if saying is Saying.EXPIRED:
        return f"{sender} let {count} of the packets expire: their TTL was used up there"
    if saying is Saying.NO_ROUTE:
        return f"{sender} has no route for {count} of the packets (ICMP type {icmp_type} code {code})"
    if saying is Saying.PROHIBITED:
        return f"{sender} filters {count} of the packets out (ICMP type {icmp_type} code {code})"
    return f"{sender} complains of {count} of the packets (ICMP type {icmp_type} code {code})"
