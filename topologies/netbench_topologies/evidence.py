"""What a doubter would ask an emulated network for, as the kernel and the wire tell it now."""

import json
from functools import partial

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import run_inside, start_process
from netbench.linux.offload import offloads
from netbench_topologies.addressing import Addressing, LinkEnd
from netbench_topologies.build import PlanNet
from netbench_topologies.sysctls import read_sysctls
from netbench_topologies.wire import Wire

_ASKED = {
    "addresses": ("address",),
    "routes_ipv4": ("-4", "route", "show", "table", "all"),
    "routes_ipv6": ("-6", "route", "show", "table", "all"),
    "rules_ipv4": ("-4", "rule"),
    "rules_ipv6": ("-6", "rule"),
    "neighbours": ("neighbour",),
}


def evidence(net: PlanNet, wire: Wire) -> dict[str, bytes]:
    """Return, by file name, what was built.

    :raises CannotMeasureError: when a node cannot be asked
    """
    nodes = net.sites.items()
    return {
        "names.json": _json(_names(net.addressing)),
        "nodes.json": _json({site: node.run(_as_the_kernel_says) for site, node in nodes}),
        "offloads.json": _json({site: node.run(partial(offloads, list(node.nameToIntf))) for site, node in nodes}),
        "offloads-wire.json": _json(run_inside(net.home, partial(offloads, net.wire_interfaces))),
        "sysctls.json": _json({site: node.run(read_sysctls) for site, node in nodes}),
        **wire.evidence(),
    }


def _names(addressing: Addressing) -> dict[str, object]:
    return {
        "sites": {
            site: {"node": addressing.nodes[site], "addresses": list(known.values())}
            for site, known in addressing.loopbacks.items()
        },
        "links": {link: [_end(names.a), _end(names.b)] for link, names in addressing.links.items()},
    }


def _end(end: LinkEnd) -> dict[str, object]:
    return {
        "site": end.site,
        "interface": end.interface,
        "wire_interface": end.wire_interface,
        "hardware_address": end.hardware_address,
        "addresses": list(end.addresses.values()),
    }


def _as_the_kernel_says() -> dict[str, object]:
    """Ask with ip(8), in the calling thread's network namespace: its JSON is what others know how to read."""
    asked = {name: start_process(("ip", "-json", *words)) for name, words in _ASKED.items()}
    said: dict[str, object] = {}
    for name, process in asked.items():
        with process:
            output, errors = process.communicate()
        if process.returncode != 0:
            raise CannotMeasureError(f"ip could not tell {name}: {errors.decode(errors='replace').strip()}")
        said[name] = json.loads(output or b"[]")
    return said


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
