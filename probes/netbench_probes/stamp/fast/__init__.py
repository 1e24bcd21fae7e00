"""The compiled twin of the STAMP engine: the same samples at rates where Python objects are too slow.

    layout     the words of a session: attempts, answers, departures, rows
    session    what became of each attempt                                  (compiled; twin of ``stamp.session``)
    packets    the base packets as octets                                   (compiled; twin of ``stamp.wire``)
    control    what the kernel says beside a packet                         (compiled)
    buffers    the memory that recvmmsg and sendmmsg work in
    transfer   batches of packets and of stamps from and to one socket      (compiled)
    loop       one thread for all sessions                                  (compiled)
    asked      what can be asked of all this, known without numba
    engine     the loop as the probe runs it

Nothing outside imports more than ``asked`` and ``engine``, and the latter only where it is to be used: numba takes long to load.
"""
