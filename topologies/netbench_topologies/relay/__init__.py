"""The relay: a wire in user space, for kernels without netem and for users without root.

One process carries every link. Frames arrive on one veth end and leave by another; in between each direction does what a
real link does, in this order: queue → serialise at the rate → propagate (delay, order-preserving jitter) → lose.

    model      what is asked of a link, and what became of its frames
    fate       which frames are lost or reordered: a function of seed, link, direction and count
    layout     the memory that the relay and its parent share
    capacity   how much room the frames on their way may need
    schedule   when a frame leaves, or that it never does                (compiled)
    ring       the frames on their way                                   (compiled)
    loop       from socket to socket                                     (compiled)
    process    starting, watching and stopping the relay
"""

from netbench_topologies.relay.fate import predicted_losses, predicted_reordering
from netbench_topologies.relay.model import DirectionCounters, RelayLink
from netbench_topologies.relay.process import Relay

__all__ = ["DirectionCounters", "Relay", "RelayLink", "predicted_losses", "predicted_reordering"]
