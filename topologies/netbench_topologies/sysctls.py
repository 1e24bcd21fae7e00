"""What a site's kernel is told: a router that does nothing of its own accord, in its own network namespace alone."""

from collections.abc import Mapping
from pathlib import Path

from netbench.errors import UnsupportedError

# Written before the first interface arrives, so that ``default`` is what every interface is born with
AT_BIRTH: Mapping[str, str] = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/rp_filter": "0",  # the way back may differ from the way there
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv4/conf/all/ignore_routes_with_linkdown": "1",
    "net/ipv4/conf/default/ignore_routes_with_linkdown": "1",
    "net/ipv4/igmp_link_local_mcast_reports": "0",  # nobody needs to be told who speaks OSPF
    "net/ipv4/icmp_ratelimit": "0",  # every probe of a traced route is answered
    "net/ipv4/icmp_ratemask": "0",
    "net/ipv4/tcp_no_metrics_save": "1",  # a test must not start from what the one before it learnt
    "net/ipv6/conf/all/keep_addr_on_down": "1",
    "net/ipv6/conf/default/keep_addr_on_down": "1",
    "net/ipv6/conf/all/ignore_routes_with_linkdown": "1",
    "net/ipv6/conf/default/ignore_routes_with_linkdown": "1",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/dad_transmits": "0",
    "net/ipv6/conf/default/accept_ra": "0",
    "net/ipv6/conf/default/autoconf": "0",
    "net/ipv6/conf/default/router_solicitations": "0",
    "net/ipv6/conf/default/addr_gen_mode": "1",  # no link-local address: nothing is sent unasked
    "net/ipv6/icmp/ratelimit": "0",
    "net/ipv6/icmp/ratemask": "",
}

# Written after the interfaces have lost IFF_MULTICAST: a router's interface would join ff02::2 and say so (MLD, RFC 3810)
FORWARDING: Mapping[str, str] = {"net/ipv6/conf/all/forwarding": "1"}


def write_sysctls(settings: Mapping[str, str]) -> None:
    """Tell the kernel, for the network namespace that the calling thread is in.

    :raises UnsupportedError: when a setting is missing or may not be written
    """
    for name, value in settings.items():
        try:
            # no line end: kernels before 6.2 count one octet as the whole answer for some of these, and refuse the rest of it
            _path(name).write_text(value or "\n", encoding="ascii")
        except OSError as error:
            raise UnsupportedError(
                f"this kernel does not let netbench set {name.replace('/', '.')} inside a network namespace: {error.strerror}; "
                "a writable /proc/sys and IPv6 in the kernel are needed"
            ) from error


def read_sysctls() -> dict[str, str]:
    """Return the settings as the kernel has them now, in the calling thread's network namespace."""
    return {name.replace("/", "."): _path(name).read_text(encoding="ascii").strip() for name in {**AT_BIRTH, **FORWARDING}}


def keep_silent(interface: str) -> None:
    """Keep IPv6 off an interface of the calling thread's network namespace, so that it sends nothing of its own accord."""
    _path(f"net/ipv6/conf/{interface}/disable_ipv6").write_text("1\n", encoding="ascii")


def _path(name: str) -> Path:
    return Path("/proc/sys") / name
