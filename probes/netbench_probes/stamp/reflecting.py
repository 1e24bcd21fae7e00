"""How a reflector answers what follows the base packet (RFC 8972 §4): in place, so that a reply is as long as its request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from netbench_probes.stamp import location_tlv, tlv
from netbench_probes.stamp.location_tlv import Ends
from netbench_probes.stamp.tlv import INTEGRITY, MALFORMED, UNRECOGNISED, Extension, Tlv, Type
from netbench_probes.stamp.values import Access, AccessReport, ClassOfService, DirectMeasurement, FollowUp, TimestampInformation

_KNOWN_ACCESSES: Final = frozenset(map(int, Access))


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the reflector knows when it answers. ``tos`` is DSCP << 2 | ECN of the request, 0 where the kernel did not tell."""

    sequence: int
    tos: int = 0
    ends: Ends = field(default_factory=Ends)
    received: int = 0
    reflected: int = 0
    follow_up: FollowUp = field(default_factory=FollowUp)
    timestamps: TimestampInformation = field(default_factory=lambda: TimestampInformation(0, 0, 0, 0))
    any_dscp: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """``rest`` is what follows the reply's base packet; ``asked_dscp`` is how to mark the reply, None where nobody asked."""

    rest: bytes
    asked_dscp: int | None = None


def answer(rest: bytes, asked_sequence: int, secret: bytes | None, known: Knowledge, *, protected: bool) -> Answer:
    """Return the answer to ``rest`` of a request with that number; ``protected`` says that its session is authenticated.

    Nothing is acted on where the HMAC is wrong, missing though the session is authenticated, or cannot be verified for lack of a
    key: every TLV is then flagged so.
    """
    extension = tlv.parse(rest)
    if extension is None:
        return Answer(rest)
    sealed = any(each.type == Type.HMAC for each in extension.tlvs)
    whole = _readable(extension)
    if (sealed or (protected and tlv.needs_seal(extension.tlvs))) and not _vouched(extension, asked_sequence, secret):
        return Answer(
            Extension(tuple(each.flagged(each.flags | INTEGRITY) for each in extension.tlvs), extension.broken).encoded()
        )
    answers = [_answered(each, known) for each in extension.tlvs[:whole]]
    untouched = list(extension.tlvs[whole:])
    if untouched:
        untouched[0] = _refused(untouched[0])
    broken = extension.broken
    if broken and not untouched:
        broken = bytes((MALFORMED,)) + broken[1:]
    if secret is not None and sealed:
        answers = _sealed_anew(answers, known.sequence, secret)
    return Answer(tlv.encoded([*answers, *untouched]) + broken, _asked_dscp(extension.tlvs[:whole], known))


def _readable(extension: Extension) -> int:
    """Return how many TLVs come before the first of a wrong length."""
    wrong = (place for place, each in enumerate(extension.tlvs) if not tlv.right_length(each))
    return next(wrong, len(extension.tlvs))


def _refused(wrong: Tlv) -> Tlv:
    """Only a follow-up of a wrong length is answered with zeros (erratum 8339), anything else as it came."""
    return Tlv(wrong.type, bytes(len(wrong.value)) if wrong.type == Type.FOLLOW_UP else wrong.value, MALFORMED)


def _vouched(extension: Extension, sequence: int, secret: bytes | None) -> bool:
    return secret is not None and tlv.is_sealed(sequence, extension.tlvs, secret)


def _sealed_anew(answers: list[Tlv], sequence: int, secret: bytes) -> list[Tlv]:
    place = next((place for place, each in enumerate(answers) if each.type == Type.HMAC), None)
    if place is None:
        return answers
    return [*answers[:place], tlv.seal(sequence, answers[:place], secret, flags=0), *answers[place + 1 :]]


def _asked_dscp(tlvs: tuple[Tlv, ...], known: Knowledge) -> int | None:
    asked = [ClassOfService.decoded(each.value).asked_dscp for each in tlvs if each.type == Type.CLASS_OF_SERVICE]
    return asked[0] if asked and known.any_dscp else None


def _answered(request: Tlv, known: Knowledge) -> Tlv:
    given = _ANSWERS.get(request.type)
    value = given(request.value, known) if given else None
    return request.flagged(UNRECOGNISED) if value is None else Tlv(request.type, value, 0)


def _copied(value: bytes, _: Knowledge) -> bytes:
    return value


def _location(value: bytes, known: Knowledge) -> bytes:
    return location_tlv.answered(value, known.ends)


def _timestamp_information(_: bytes, known: Knowledge) -> bytes:
    return known.timestamps.encoded()


def _class_of_service(value: bytes, known: Knowledge) -> bytes:
    asked = ClassOfService.decoded(value).asked_dscp
    return ClassOfService(asked, known.tos >> 2, known.tos & 3, 0 if known.any_dscp else 1).encoded()


def _direct_measurement(value: bytes, known: Knowledge) -> bytes:
    return DirectMeasurement(DirectMeasurement.decoded(value).sent, known.received, known.reflected).encoded()


def _access_report(value: bytes, _: Knowledge) -> bytes | None:
    """A report of an access that does not exist is not acted on, and not understood is the only way to say so."""
    return value if AccessReport.decoded(value).access in _KNOWN_ACCESSES else None


def _follow_up(_: bytes, known: Knowledge) -> bytes:
    return known.follow_up.encoded()


_ANSWERS: Final[dict[int, Callable[[bytes, Knowledge], bytes | None]]] = {
    Type.PADDING: _copied,
    Type.LOCATION: _location,
    Type.TIMESTAMP_INFORMATION: _timestamp_information,
    Type.CLASS_OF_SERVICE: _class_of_service,
    Type.DIRECT_MEASUREMENT: _direct_measurement,
    Type.ACCESS_REPORT: _access_report,
    Type.FOLLOW_UP: _follow_up,
    Type.HMAC: _copied,
}
