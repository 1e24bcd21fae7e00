"""The TLVs of a sender: what its requests ask, and what the replies tell (RFC 8972 §4)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from netbench_probes.stamp import location_tlv, tlv
from netbench_probes.stamp.access import AccessReporter
from netbench_probes.stamp.tlv import INTEGRITY, MALFORMED, UNRECOGNISED, Tlv, Type
from netbench_probes.stamp.values import (
    AccessReport,
    ClassOfService,
    DirectMeasurement,
    FollowUp,
    TimestampInformation,
)

Question = Literal["location", "timestamp-information", "class-of-service", "direct-measurement", "follow-up"]
QUESTIONS: tuple[Question, ...] = get_args(Question)


class Heard(NamedTuple):
    """What of a reply's TLVs concerns its sample: how the request was marked on arrival, when the reply before it left."""

    forward_tos: int | None = None
    follow_up: FollowUp | None = None


@dataclass(slots=True)
class Notes:
    """What came back, summed up: TLVs that were not understood, were broken, or under a wrong HMAC, and what they told last."""

    unrecognised: int = 0
    malformed: int = 0
    unsealed: int = 0
    dscp_refused: int = 0
    told: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


class Asking:
    """One session's questions."""

    def __init__(
        self,
        questions: Sequence[Question] = (),
        reply_dscp: int = 0,
        access: AccessReporter | None = None,
        secret: bytes | None = None,
    ) -> None:
        """``reply_dscp`` is what the class of service asks for; with ``secret`` all is covered by an HMAC TLV."""
        self.notes = Notes()
        self.follows_up = "follow-up" in questions
        self._questions = tuple(questions)
        self._reply_dscp = reply_dscp
        self._access = access
        self._secret = secret
        self._sent = 0

    @property
    def asked_tos(self) -> int | None:
        """How replies are asked to be marked (DSCP << 2), None where nothing is asked."""
        return self._reply_dscp << 2 if "class-of-service" in self._questions else None

    @property
    def constant(self) -> bool:
        """Whether every request asks in the same octets."""
        sealed = self._secret is not None and bool(self._questions)
        return self._access is None and not sealed and "direct-measurement" not in self._questions

    def asked(self, sequence: int, now_ns: int) -> list[Tlv]:
        """Return the TLVs of the request with this number, that leaves at ``now_ns`` (monotonic)."""
        self._sent += 1
        tlvs = [self._question(question) for question in self._questions]
        if self._access is not None and self._access.due(now_ns):
            tlvs.append(Tlv(Type.ACCESS_REPORT, self._access.report.encoded()))
        return [*tlvs, tlv.seal(sequence, tlvs, self._secret)] if self._secret is not None and tlvs else tlvs

    def not_sent(self) -> None:
        """Take note that the request made last did not leave."""
        self._sent -= 1

    def hear(self, rest: bytes, sequence: int, *, protected: bool) -> Heard:
        """Take note of what follows the base packet of the reply with this number.

        TLVs that the key does not vouch for, or that the reflector says it could not verify, tell nothing.
        """
        extension = tlv.parse(rest)
        if extension is None:
            return Heard()
        tlvs = extension.tlvs
        if any(each.flags & INTEGRITY for each in tlvs) or not self._vouched(tlvs, sequence, protected=protected):
            self.notes.unsealed += 1
            return Heard()
        return self._hear(tlvs, broken=bool(extension.broken))

    def _vouched(self, tlvs: Sequence[Tlv], sequence: int, *, protected: bool) -> bool:
        sealed = any(each.type == Type.HMAC for each in tlvs)
        if self._secret is None:
            return not sealed
        # a reflector that knows no TLVs sends them back as they went, under the number of the request
        unread = all(each.flags & UNRECOGNISED for each in tlvs)
        return unread or tlv.is_sealed(sequence, tlvs, self._secret) or not (protected or sealed or tlv.needs_seal(tlvs))

    def _hear(self, tlvs: Sequence[Tlv], *, broken: bool) -> Heard:
        heard = Heard()
        for each in tlvs:
            if each.flags & MALFORMED or not tlv.right_length(each):
                self.notes.malformed += 1
                return heard
            if each.flags & UNRECOGNISED:
                self.notes.unrecognised += 1
            else:
                heard = self._told(each, heard)
        self.notes.malformed += broken
        return heard

    def _told(self, said: Tlv, heard: Heard) -> Heard:
        match said.type:
            case Type.LOCATION:
                self._note("location", location_tlv.read(said.value))
            case Type.TIMESTAMP_INFORMATION:
                self._note("timestamp-information", asdict(TimestampInformation.decoded(said.value)))
            case Type.DIRECT_MEASUREMENT:
                self._note("direct-measurement", asdict(DirectMeasurement.decoded(said.value)))
            case Type.ACCESS_REPORT if self._access is not None:
                self._access.heard(AccessReport.decoded(said.value))
                self._note("access-report", {"told": self._access.told, "acknowledged": self._access.acknowledged})
            case Type.CLASS_OF_SERVICE:
                seen = ClassOfService.decoded(said.value)
                self.notes.dscp_refused += seen.policy != 0
                return heard._replace(forward_tos=seen.dscp << 2 | seen.ecn)
            case Type.FOLLOW_UP:
                follow_up = FollowUp.decoded(said.value)
                return heard._replace(follow_up=follow_up if follow_up.timestamp else None)
            case _:
                pass
        return heard

    def _note(self, name: str, told: Mapping[str, Any]) -> None:
        self.notes.told[name] = told

    def _question(self, question: Question) -> Tlv:
        match question:
            case "location":
                return Tlv(Type.LOCATION, location_tlv.QUESTION)
            case "timestamp-information":
                return Tlv(Type.TIMESTAMP_INFORMATION, bytes(4))
            case "class-of-service":
                return Tlv(Type.CLASS_OF_SERVICE, ClassOfService(self._reply_dscp).encoded())
            case "direct-measurement":
                return Tlv(Type.DIRECT_MEASUREMENT, DirectMeasurement(self._sent).encoded())
            case "follow-up":
                return Tlv(Type.FOLLOW_UP, bytes(16))
