"""What a host can hold by a probe: measured by the probe with itself, where nothing but the host can fail."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from netbench.measure.probe import Control, TimestampClass


@dataclass(frozen=True, slots=True)
class Held:
    """One load and what became of it: ``lost`` packets were lost or not sent although no network was in between.

    ``cpu_us`` is the sender's processor time a packet.
    """

    sessions: int
    packets_per_second: int
    packets: int
    lost: int
    cpu_us: float

    @property
    def loss_ratio(self) -> float:
        """The tool's own loss."""
        return self.lost / self.packets


@dataclass(frozen=True, slots=True)
class InterfaceClock:
    """An interface that stamps packets itself: its clock is ``ahead_ns`` of the system's within ``error_ns``, None if unknown."""

    interface: str
    ahead_ns: int | None
    error_ns: int | None


@dataclass(frozen=True, slots=True)
class SelfTest:
    """``one`` are loads of one session, in order, ``many`` of many at ten packets a second.

    ``engine`` is the loop that ran, ``error_ns`` what 99 of 100 timestamps are within, ``hardware`` the interfaces
    that stamp packets themselves, ``realtime`` whether the loop runs before all ordinary processes.
    """

    engine: str
    timestamps: TimestampClass
    error_ns: int
    realtime: bool
    one: tuple[Held, ...]
    many: tuple[Held, ...]
    hardware: tuple[InterfaceClock, ...] = ()


@runtime_checkable
class SelfTestingProbe(Protocol):
    """A probe that can say what this host can hold."""

    @classmethod
    def self_test(cls, control: Control) -> SelfTest:
        """Return what this host can hold, in half a minute or less.

        :raises CannotMeasureError: when the probe does not work here at all
        """
        ...
