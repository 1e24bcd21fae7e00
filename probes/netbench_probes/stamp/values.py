"""What stands in the TLVs of one length (RFC 8972 §4.3 to §4.7): octets to values and back."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from netbench.linux.clockstate import ClockState

_CLASS = struct.Struct("!I")
_DIRECT = struct.Struct("!III")
_FOLLOW_UP = struct.Struct("!IQB3x")
_ACCESS = struct.Struct("!BBH")
_WORD: Final = 0xFFFF_FFFF


class Synchronisation(IntEnum):
    """Where a clock has its time from."""

    UNTOLD = 0
    NTP = 1
    PTP = 2
    SSU_BITS = 3
    SATELLITES = 4
    FREE_RUNNING = 5

    @classmethod
    def of(cls, state: ClockState) -> "Synchronisation":
        """Return what the state of a clock tells; the kernel's word alone does not say by which protocol it is held."""
        if not state.synchronised:
            return cls.FREE_RUNNING
        return {"chrony": cls.NTP, "ptp4l": cls.PTP}.get(state.source, cls.UNTOLD)


class Method(IntEnum):
    """Who took a timestamp."""

    UNTOLD = 0
    HARDWARE = 1
    SOFTWARE = 2
    CONTROL_PLANE = 3


class Access(IntEnum):
    """The access network of which an access report tells."""

    THREE_GPP = 1
    NON_THREE_GPP = 2


AVAILABLE: Final = 1
UNAVAILABLE: Final = 2


@dataclass(frozen=True, slots=True)
class TimestampInformation:
    """How T2 (``_in``) and T3 (``_out``) came about."""

    source_in: int
    method_in: int
    source_out: int
    method_out: int

    def encoded(self) -> bytes:
        """Return the value of its TLV."""
        return bytes((self.source_in, self.method_in, self.source_out, self.method_out))

    @classmethod
    def decoded(cls, value: bytes) -> "TimestampInformation":
        """Return what a value of 4 octets says."""
        return cls(*value)


@dataclass(frozen=True, slots=True)
class ClassOfService:
    """``asked_dscp`` is what the reply is to be marked with, ``dscp`` and ``ecn`` what the request arrived with.

    ``policy`` is 1 where the reflector's policy did not let the asked one be.
    """

    asked_dscp: int
    dscp: int = 0
    ecn: int = 0
    policy: int = 0

    def encoded(self) -> bytes:
        """Return the value of its TLV."""
        return _CLASS.pack(self.asked_dscp << 26 | self.dscp << 20 | self.ecn << 18 | self.policy << 16)

    @classmethod
    def decoded(cls, value: bytes) -> "ClassOfService":
        """Return what a value of 4 octets says."""
        [bits] = _CLASS.unpack(value)
        return cls(bits >> 26, bits >> 20 & 0x3F, bits >> 18 & 3, bits >> 16 & 3)


@dataclass(frozen=True, slots=True)
class DirectMeasurement:
    """Counts of a session's packets: sent by the sender, received by the reflector, sent by the reflector. They wrap at 2^32."""

    sent: int
    received: int = 0
    reflected: int = 0

    def encoded(self) -> bytes:
        """Return the value of its TLV."""
        return _DIRECT.pack(self.sent & _WORD, self.received & _WORD, self.reflected & _WORD)

    @classmethod
    def decoded(cls, value: bytes) -> "DirectMeasurement":
        """Return what a value of 12 octets says."""
        return cls(*_DIRECT.unpack(value))


@dataclass(frozen=True, slots=True)
class AccessReport:
    """``access`` says of which access network, ``code`` whether it can be had."""

    access: int
    code: int

    def encoded(self) -> bytes:
        """Return the value of its TLV."""
        return _ACCESS.pack(self.access << 4, self.code, 0)

    @classmethod
    def decoded(cls, value: bytes) -> "AccessReport":
        """Return what a value of 4 octets says."""
        first, code, _ = _ACCESS.unpack(value)
        return cls(first >> 4, code)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """When the reply before this one really left: its number, the timestamp, who took it. All zero where that is not known."""

    sequence: int = 0
    timestamp: int = 0
    method: int = 0

    def encoded(self) -> bytes:
        """Return the value of its TLV."""
        return _FOLLOW_UP.pack(self.sequence, self.timestamp, self.method)

    @classmethod
    def decoded(cls, value: bytes) -> "FollowUp":
        """Return what a value of 16 octets says."""
        return cls(*_FOLLOW_UP.unpack(value))
