"""A live campaign without a network: the inventory and the archive are real, probes only say what they were told to."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from netbench.campaign import live_bulk, live_run
from netbench.campaign.options import CampaignOptions
from netbench.campaign.result import CampaignResult
from netbench.campaign.run import run_campaign
from netbench.clock import Instant
from netbench.linux.clockstate import ClockState
from netbench.linux.hostload import HostLoad
from netbench.live.network import LiveNetwork
from netbench.measure import plugins
from netbench.measure.keys import Key
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import INTERVALS, PACKETS, Columns, Fate, Sink, Turn
from netbench.measure.vantage import RemoteEnd
from netbench.plan.model import Plan
from tests.campaign.plans import Quiet

MS = 1_000_000
NOON_NS = 1_767_240_000 * 1_000_000_000  # 2026-01-01 12:00 in Shanghai


class Noon:
    """It is always noon in Shanghai, and a second has passed whenever it is asked."""

    def __init__(self) -> None:
        self._asked = 0

    def now(self) -> Instant:
        """Return the next second."""
        self._asked += 1
        return Instant(self._asked * 10**9, NOON_NS + self._asked * 10**9)


class Watch:
    """The host as it is told to have been, whatever this one is doing."""

    def __init__(self, late_ticks: int) -> None:
        self.load = HostLoad(1.0, 2, 0.1, 0.1, 0.0, 0.0, 0.0, 0, 100, late_ticks, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


@dataclass
class Answers:
    """What far ends do, by their address: delays there and back, the share of packets lost on the way there, rates each way."""

    delays_ns: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    lost_forward: Mapping[str, int] = field(default_factory=dict[str, int])
    far_clock_error_ns: Mapping[str, int] = field(default_factory=dict[str, int])
    only_icmp: tuple[str, ...] = ()
    late_ticks: int = 0
    bytes_a_tenth: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    asked: list[tuple[str, tuple[str, ...], Schedule, Any]] = field(
        default_factory=list[tuple[str, tuple[str, ...], Schedule, Any]]
    )


@dataclass(frozen=True, slots=True)
class KeyedParameters:
    """A probe that can authenticate."""

    key: Key | None = None
    ssid: int = 0


@dataclass(frozen=True, slots=True)
class BulkParameters:
    """What iperf3's has that a live campaign uses."""

    turns: tuple[str, ...] = ()
    omit_ns: int = 0
    rate_bps: int | None = None


@dataclass(frozen=True, slots=True)
class PlainParameters:
    """A probe that cannot."""


def probe_class(probe: str, answers: Answers, parameters_class: type[Any]) -> Any:
    """Return a probe that answers as it is told, and notes what it was asked."""

    class Scripted:
        API: ClassVar[int] = 1
        name: ClassVar[str] = probe
        Parameters: ClassVar[type[Any]] = parameters_class

        def __init__(self, parameters: Any = None) -> None:
            self._parameters = parameters

        def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, _control: Control) -> Report:
            answers.asked.append((probe, tuple(pair.id for pair in pairs), schedule, self._parameters))
            for number, pair in enumerate(pairs):
                if probe == "iperf3":
                    sink.write(INTERVALS, intervals(number, schedule.count, answers.bytes_a_tenth[host(pair)]))
                else:
                    sink.write(PACKETS, packets(number, schedule.count, host(pair), answers, probe))
            ids = [pair.id for pair in pairs]
            evidence = {f"{probe}.json": " ".join(host(pair) for pair in pairs).encode()}
            claims = {pair.id: answers.far_clock_error_ns.get(host(pair)) for pair in pairs}
            return Report(dict.fromkeys(ids, "kernel"), dict.fromkeys(ids, 300_000), claims, evidence=evidence)

    return Scripted


def host(pair: Pair) -> str:
    """The address of a pair's far end."""
    assert isinstance(pair.destination, RemoteEnd)
    return pair.destination.host


def packets(number: int, count: int, address: str, answers: Answers, probe: str) -> Columns:
    """Attempts that took what the far end's answers say; from nobody, all lost."""
    silent = address not in answers.delays_ns or (address in answers.only_icmp and probe != "icmp")
    there, back = answers.delays_ns.get(address, (0, 0))
    fates = np.full(count, Fate.LOST if silent else Fate.ANSWERED, np.uint8)
    fates[: answers.lost_forward.get(address, 0)] = Fate.LOST_FORWARD
    unknown = fates != Fate.ANSWERED

    def masked(value: int) -> Any:
        return np.ma.MaskedArray(np.full(count, value, np.int64), mask=unknown)

    return {
        "pair": np.full(count, number, np.uint16),
        "sequence": np.arange(count, dtype=np.uint32),
        "fate": fates,
        "sent_ns": np.arange(count, dtype=np.int64),
        "forward_ns": masked(there),
        "residence_ns": masked(20_000),
        "reverse_ns": masked(back),
        "reordered": np.zeros(count, np.uint8),
    }


def intervals(number: int, count: int, rates: tuple[int, int]) -> Columns:
    """Tenths of a second, each way."""
    turns = np.repeat([int(Turn.FORWARD), int(Turn.REVERSE)], count).astype(np.uint8)
    nothing = np.ma.MaskedArray(np.zeros(2 * count, np.int64), mask=True)
    return {
        "pair": np.full(2 * count, number, np.uint16),
        "turn": turns,
        "start_ns": np.arange(2 * count, dtype=np.int64) * 100 * MS,
        "duration_ns": np.full(2 * count, 100 * MS, np.int64),
        "received_bytes": np.repeat(rates, count).astype(np.int64),
        "retransmits": nothing,
        "round_trip_ns": nothing,
        "congestion_window_bytes": nothing,
    }


class Bed:
    """One plan, one inventory, and what their far ends answer."""

    def __init__(self, plan: Plan, folder: Path, answers: Answers) -> None:
        self.plan = plan
        self.folder = folder
        self.answers = answers

    def run(self, inventory: str, **options: Any) -> CampaignResult:
        """Run a campaign over them."""
        path = self.folder / "inventory.yaml"
        path.write_text(inventory, "utf-8")
        chosen = CampaignOptions(results=self.folder / "results", inventory=path, latency_ns=40 * 10**9, **options)
        return run_campaign(self.plan, LiveNetwork, chosen, Noon(), Quiet())


def make_bed(plan: Plan, folder: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Bed:
    """Return a bed whose probes are the scripted ones."""
    kinds: dict[str, type[Any]] = {
        "stamp": KeyedParameters,
        "icmp": PlainParameters,
        "twamp": PlainParameters,
        "iperf3": BulkParameters,
    }

    def names(_group: str) -> list[str]:
        return sorted(kinds)

    def probe(name: str) -> Any:
        return probe_class(name, answers, kinds[name])

    def watch() -> Watch:
        return Watch(answers.late_ticks)

    def clock_state() -> ClockState:
        return ClockState(synchronised=False, error_ns=None, source="chrony", reference="192.0.2.123")

    monkeypatch.setattr(live_run, "read_clock_state", clock_state)
    for module in (live_run, live_bulk):
        monkeypatch.setattr(module, "HostWatch", watch)
    monkeypatch.setattr(plugins, "names", names)
    monkeypatch.setattr(plugins, "probe", probe)
    monkeypatch.setattr(socket, "getaddrinfo", _resolved)
    return Bed(plan, folder, answers)


def _resolved(name: str, *_: Any, **__: Any) -> Any:
    """Every address is itself; no name is known."""
    if name.endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (name, 0))]
