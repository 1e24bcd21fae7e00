"""An inventory to start from: the sites at which a plan's corridors end, to be filled in."""

from netbench.plan.model import Plan

_HEAD = """\
# Where the sites of plan {plan} answer on live links. `netbench inventory check FILE --plan {plan}` says what is wrong or
# missing, `netbench run {plan} --on live --inventory FILE` measures every corridor that has both ends.
#
# This file holds addresses: a run keeps it in its private/ folder and nowhere else. It holds no keys: `key: south` names one, and
# its value is in the file that `keys` names (chmod 600; lines like `south hex:0011…`) or in the environment (NETBENCH_KEY_SOUTH).
netbench: 1
inventory: {plan}

# The site or sites at which this host is. Several hosts may share one file and say it on the command line: --here SITE.
here: {here}
# keys: keys.txt

# For every site that does not say otherwise. A router's reflector drops what comes faster than its processor is allowed.
limits:
  packets_per_second: 10
  bulk: asked # with --throughput; or: always, never, hours like [01:00-05:00]
  # throughput: 100M # the most that a bulk test may take

# A site where somebody answers, in full:
#   guiyang:
#     address: 192.0.2.1       # or a name; family: 4 or 6 chooses among its addresses
#     operator: telecom        # corridors from one operator to another are told apart
#     layer: ip                # or: internet; the plan's when not said
#     protocols:               # of the first three the best that answers is used; icmp knows the round trip only
#       stamp: {{port: 862, key: south}}
#       twamp: {{port: 862}}
#       icmp: {{}}
#       iperf3: {{port: 5201}}
#     limits: {{packets_per_second: 100}}
sites:
  {here}:
    operator: any
    # source: [192.0.2.2]      # the address of this host to measure from; one a family
"""


def starter(plan: Plan) -> str:
    """Return the text; this host is taken to be where most corridors end, and the others' sites stand as comments."""
    ends = [site for corridor in plan.corridors.values() for site in (corridor.source, corridor.destination)]
    here = max(dict.fromkeys(ends), key=ends.count)
    far = [site for site in plan.sites if site in ends and site != here]
    return _HEAD.format(plan=plan.name, here=here) + "".join(map(_site, far))


def _site(name: str) -> str:
    return f"  # {name}: {{address: , operator: any, protocols: {{stamp: {{}}}}}}\n"
