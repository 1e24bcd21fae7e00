"""The netem wire: the kernel's own queue disciplines carry each link.

Two places a direction, one effect each:

- At the sending site's interface a token bucket (TBF) is the queue and the rate. Its bucket is ``BURST_NS`` of the rate and never
  less than two frames, so a frame on an idle link does not wait; its queue is counted in octets. TBF's ``overhead 24 mpu 84``
  counts Ethernet framing (an HTB class takes no notice of ``overhead``, and ``stab`` counts the wrong way).
- At the far end of the wire netem is the way: the frame's own time at the planned rate, delay, jitter and loss. netem keeps order
  exactly because it is told a rate: a packet is never due before the one ahead of it.

Between the two a frame goes from one wire interface to the other by ``mirred`` at ingress: no bridge learns, ages or floods.
A queue at a site's own interface is one that its sockets feel: TCP does not overfill it (small queues), and a UDP socket waits
once its send buffer is in it, as on a real host.
"""
