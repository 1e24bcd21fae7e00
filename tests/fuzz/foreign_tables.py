"""Mutations of irtt's and perfSONAR's JSON and of CSV exports: each is read or refused by a sentence that names its file."""

import random

from netbench.errors import InputError
from netbench.foreign import maps
from netbench.foreign.read import read
from tests.fuzz.mutation import mutated
from tests.fuzz.refusals import is_one_sentence

_FILES = {
    "irtt": (
        (
            b'{"round_trips": [{"seqno": 0, "lost": "false", "timestamps": {"client": {"receive": {"wall": 1795572692550377846},'
            b' "send": {"wall": 1795572692550233977}}, "server": {"receive": {"wall": 1795572692550332871}, "send":'
            b' {"wall": 1795572692550339307}}}, "delay": {"receive": 38539, "rtt": 137468, "send": 98894}}, {"seqno": 1,'
            b' "lost": "true_up", "timestamps": {"client": {"receive": {}, "send": {"wall": 1795572692650233977}}}, "delay": {}}]'
            b"}"
        ),
    ),
    "perfsonar": (
        (
            b'{"schema": 1, "succeeded": true, "packets-sent": 100, "packets-received": 99, "packets-lost": 1,'
            b' "packets-duplicated": 0, "histogram-latency": {"12.1": 90, "12.25": 9}}'
        ),
        b'[{"ts": 1795572547, "val": {"12.1": 590, "13": 10}}, {"ts": 1795572607, "val": {"12.2": 600}}]',
    ),
    "csv": (
        (
            b"corridor,time,sent,lost,round_trip_min_ms,round_trip_mean_ms,round_trip_p99_ms,round_trip_max_ms\r\n"
            b"guian-anshun,2026-11-25 08:00:00,100,1,1.1,1.25,1.9,2\r\nguian-anshun,2026-11-25 08:05:00,100,0,1.1,1.3,-,2.5ms\r\n"
            b'guian-zunyi,2026-11-25T08:00:00+08:00,50,50,"",,,\r\n'
        ),
    ),
}


def fuzz(seed: int, count: int) -> None:
    """Read ``count`` mutated files; what is read has a figure or a packet of everything that it names."""
    chance = random.Random(seed)
    wanted = {name: maps.find(name) for name in _FILES}
    for _ in range(count):
        name = chance.choice(sorted(_FILES))
        try:
            content = read(wanted[name], mutated(chance, _FILES[name]), "file", "Asia/Shanghai", 1)
        except InputError as refused:
            is_one_sentence(refused, "file")
            continue
        assert all(subject.summaries or subject.packets is not None for subject in content.subjects)
