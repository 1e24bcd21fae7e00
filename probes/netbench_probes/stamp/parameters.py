"""The parameters of the STAMP probe, and what they make of its sessions."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netbench.errors import UsageError
from netbench.measure.keys import Key, Keys
from netbench_probes.stamp import authentication
from netbench_probes.stamp.access import AccessReporter
from netbench_probes.stamp.asking import QUESTIONS, Asking, Question
from netbench_probes.stamp.authentication import Authenticated
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.modes import OPEN, Mode
from netbench_probes.stamp.patterns import LARGEST_OCTETS, Pattern, Sizes
from netbench_probes.stamp.reflector import Style
from netbench_probes.stamp.talk import Talk
from netbench_probes.stamp.values import AVAILABLE, UNAVAILABLE, Access, AccessReport
from netbench_probes.stamp.wire import BASE_OCTETS

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_ACCESSES = {"3gpp": Access.THREE_GPP, "non-3gpp": Access.NON_THREE_GPP}


@dataclass(frozen=True, slots=True)
class StampParameters:
    """How to probe. Refused at birth when out of range.

    ``family`` is 4, 6, or None for the first that both ends have. ``timeout_ns`` after its sending an unanswered packet is lost.
    ``port`` is the reflector's: None is 862 at a remote end and any free one at a vantage of ours; ``source_port`` the sender's,
    any free one when None. ``dscp``, ``ecn`` and ``ttl`` go with both directions (a remote end decides about its own).

    ``packet_octets`` is the UDP payload, both ways; ``sizes`` a mix of them in its place: ``imix``, or sizes and weights as
    ``44x7,548x4,1472``. ``pattern`` fills them. ``timestamps`` is their format, ``ssid`` the session identifier, 0 for none:
    with ``ssid_needed`` a far end that knows none is not measured.

    ``tlvs`` are the questions of RFC 8972; ``reply_dscp`` is what the class of service asks for, None for ``dscp``; ``access`` is
    reported where it is given, as one that can be had or, without ``access_available``, cannot.

    ``key`` is a key or the name of one; ``keys`` the file that has it, None for what the environment says; without a name it is
    the key of the SSID. With a key the session is authenticated, unless ``mode`` says open: then it covers the TLVs alone.

    ``stateless`` makes our own reflector number its replies as their requests. ``engine`` is the loop that sends: ``auto`` is the
    compiled one from ten thousand packets a second on, where it can do what is asked, else the plain one.
    """

    family: Literal[4, 6] | None = None
    packet_octets: int = BASE_OCTETS
    timeout_ns: int = 1_000_000_000
    port: int | None = None
    dscp: int = 0
    ecn: int = 0
    ttl: int = 255
    source_port: int | None = None
    sizes: str | None = None
    pattern: Pattern = "random"
    timestamps: Literal["ntp", "ptp"] = "ntp"
    ssid: int = 0
    ssid_needed: bool = False
    tlvs: tuple[Question, ...] = ()
    reply_dscp: int | None = None
    access: Literal["3gpp", "non-3gpp"] | None = None
    access_available: bool = True
    mode: Literal["open", "authenticated"] | None = None
    key: str | Key | None = None
    keys: str | None = None
    stateless: bool = False
    engine: Literal["auto", "compiled", "plain"] = "auto"

    def __post_init__(self) -> None:
        if self.family not in (None, 4, 6):
            raise UsageError(f"family is 4 or 6, not {self.family}")
        _within("packet_octets", self.packet_octets, BASE_OCTETS, LARGEST_OCTETS)
        _within("timeout_ns", self.timeout_ns, 1_000_000, 60_000_000_000)
        _within("dscp", self.dscp, 0, 63)
        _within("ecn", self.ecn, 0, 3)
        _within("ttl", self.ttl, 1, 255)
        _within("ssid", self.ssid, 0, 65_535)
        for name, value in (("port", self.port), ("source_port", self.source_port)):
            if value is not None:
                _within(name, value, 1, 65_535)
        self._check_sizes()
        self._check_questions()
        self._check_keys()

    @property
    def address_family(self) -> socket.AddressFamily | None:
        """The family for the socket library, None for either."""
        return _FAMILIES[self.family] if self.family else None

    @property
    def authenticated(self) -> bool:
        """Whether the session is."""
        return self.mode == "authenticated" or (self.mode is None and self.key is not None)

    def secret(self) -> bytes | None:
        """Return the key that is to be used, None for none.

        :raises UsageError: when it is not there
        """
        if isinstance(self.key, Key):
            return self.key.secret
        if self.key is None and self.mode is None and self.keys is None:
            return None
        known = Keys.known(Path(self.keys) if self.keys else None, os.environ)
        if self.key is not None:
            return known.by_name(self.key).secret
        found = known.by_ssid(self.ssid)
        if found is None and self.authenticated:
            raise UsageError(f"there is no key of ssid {self.ssid}; name one with key")
        return found.secret if found else None

    def _check_sizes(self) -> None:
        mix = self.mix()
        least = authentication.BASE_OCTETS if self.authenticated else BASE_OCTETS
        # the Internet's mix has its small packets as small as they can be
        if self.sizes not in (None, "imix") and mix.smallest < least:
            raise UsageError(f"sizes {self.sizes}: a packet has {least} octets or more here, not {mix.smallest}")

    def _check_questions(self) -> None:
        if len(set(self.tlvs)) < len(self.tlvs) or not set(self.tlvs) <= set(QUESTIONS):
            raise UsageError(f"tlvs {', '.join(self.tlvs)}: each of {', '.join(QUESTIONS)} at most once")
        if self.reply_dscp is not None:
            _within("reply_dscp", self.reply_dscp, 0, 63)
            if "class-of-service" not in self.tlvs:
                raise UsageError("reply_dscp is asked for by the TLV class-of-service; add it to tlvs")
        if "follow-up" in self.tlvs and self.stateless:
            raise UsageError("a stateless reflector knows no reply before: leave out stateless or the TLV follow-up")

    def _check_keys(self) -> None:
        if self.ssid_needed and not self.ssid:
            raise UsageError("ssid_needed wants an ssid that a far end can know")

    def mix(self) -> Sizes:
        """Return the sizes of the packets."""
        return Sizes(str(self.packet_octets) if self.sizes is None else self.sizes)


def talk_of(asked: StampParameters, word: ClockWord) -> Talk:
    """Return how one sender speaks.

    :raises UsageError: when its key is not there
    """
    secret = asked.secret()
    reply_dscp = asked.dscp if asked.reply_dscp is None else asked.reply_dscp
    asking = Asking(asked.tlvs, reply_dscp, _reporter(asked), secret)
    return Talk(asked.mix(), asked.pattern, _mode(asked, secret), asked.ssid, asked.ssid_needed, asking, word)


def style_of(asked: StampParameters, word: ClockWord) -> Style:
    """Return how our own reflector answers; raises what ``talk_of`` raises."""
    secret = asked.secret()
    return Style(_mode(asked, secret), secret, stateless=asked.stateless, word=word)


def _mode(asked: StampParameters, secret: bytes | None) -> Mode:
    return Authenticated(secret) if asked.authenticated and secret is not None else OPEN


def _reporter(asked: StampParameters) -> AccessReporter | None:
    if asked.access is None:
        return None
    return AccessReporter(AccessReport(_ACCESSES[asked.access], AVAILABLE if asked.access_available else UNAVAILABLE))


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}; it must be from {least} to {most}")
