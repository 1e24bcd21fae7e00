"""TLVs against octets worked out by hand from RFC 8972, and against whatever may arrive."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench.linux.clockstate import ClockState
from netbench_probes.stamp import location_tlv, tlv
from netbench_probes.stamp.location_tlv import Ends
from netbench_probes.stamp.reflecting import Answer, Knowledge, answer
from netbench_probes.stamp.tlv import Extension, Tlv
from netbench_probes.stamp.values import (
    AccessReport,
    ClassOfService,
    DirectMeasurement,
    FollowUp,
    Synchronisation,
    TimestampInformation,
)
from tests.probes.stamp.vectors import COS_SEALED, COS_SEALED_ANSWER, COS_TOS, SECRET, T1

ENDS = Ends(socket.inet_aton("10.1.2.3"), 0x1001, socket.inet_aton("10.9.8.7"), 862)
KNOWN = Knowledge(
    sequence=7,
    tos=COS_TOS,
    ends=ENDS,
    received=3,
    reflected=2,
    follow_up=FollowUp(6, T1, 2),
    timestamps=TimestampInformation(1, 2, 5, 2),
)


def answered(octets: str, secret: bytes | None = None, *, protected: bool = False) -> str:
    return answer(bytes.fromhex(octets), 7, secret, KNOWN, protected=protected).rest.hex()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("80 01 0003 aabbcc", "00 01 0003 aabbcc", id="padding comes back"),
        pytest.param("80 03 0004 00000000", "00 03 0004 01020502", id="how the times came about"),
        pytest.param("80 04 0004 b8000000", "00 04 0004 b8a80000", id="class of service seen"),
        pytest.param("80 05 000c 00000009 00000000 00000000", "00 05 000c 00000009 00000003 00000002", id="direct measurement"),
        pytest.param("80 06 0004 10010000", "00 06 0004 10010000", id="access report"),
        pytest.param("80 06 0004 30010000", "80 06 0004 30010000", id="an access that does not exist"),
        pytest.param("80 07 0010" + "00" * 16, "00 07 0010 00000006 ec9d2a0080000000 02 000000", id="follow-up"),
        pytest.param("80 09 0004 0a000001", "80 09 0004 0a000001", id="unknown, copied with U"),
        pytest.param("00 f0 0002 abcd", "80 f0 0002 abcd", id="unknown, though the sender forgot U"),
        pytest.param("80 f0 0002 abcd 80 06 0004 20020000", "80 f0 0002 abcd 00 06 0004 20020000", id="the next is answered"),
        pytest.param("80 04 0003 b80000 80 01 0001 aa", "40 04 0003 b80000 80 01 0001 aa", id="wrong length: the end"),
        pytest.param("80 07 0004 01020304", "40 07 0004 00000000", id="follow-up of a wrong length is zeroed"),
        pytest.param("80 06 0004 20020000 80 01 0009 aa", "00 06 0004 20020000 40 01 0009 aa", id="runs past the packet"),
        pytest.param("80 06 0004 20020000 80 01", "00 06 0004 20020000 40 01", id="no room for a head"),
        pytest.param("00" * 9, "00" * 9, id="zeros are padding"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_each_tlv_is_answered_in_place(asked: str, expected: str) -> None:
    """What is asked in one TLV is answered in it, flags as RFC 8972 §4 has them, and the length stays."""
    assert answered(asked) == bytes.fromhex(expected).hex()


LOCATION = "80 02 0038 0000 0000 " + " ".join(["80 01 0008" + "00" * 8, "80 04 0010" + "00" * 16, "80 07 0010" + "00" * 16])


def test_a_location_is_written_in() -> None:
    """Ports as they came (destination first), addresses as the specific types, and the MAC that a socket never sees as zeros."""
    expected = "00 02 0038 035e 1001 00 03 0008" + "00" * 8
    expected += "00 05 0010 0a090807" + "00" * 12 + "00 08 0010 0a010203" + "00" * 12

    assert answered(LOCATION) == bytes.fromhex(expected).hex()


def test_a_location_over_ipv6_has_whole_addresses() -> None:
    """Sub-TLVs 6 and 9 hold the sixteen octets."""
    ends = Ends(socket.inet_pton(socket.AF_INET6, "fd00::1"), 5, socket.inet_pton(socket.AF_INET6, "fd00::2"), 862)
    value = location_tlv.answered(location_tlv.QUESTION, ends)

    assert location_tlv.read(value) == {
        "source": "fd00::1",
        "source_port": 5,
        "destination": "fd00::2",
        "destination_port": 862,
    }
    assert (value[5], value[25]) == (6, 9)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("80 63 0001 aa", "80 63 0001 aa", id="unknown"),
        pytest.param("80 04 0004 00000000 80 07 0010" + "00" * 16, "40 04 0004 00000000 80 07 0010" + "00" * 16, id="length"),
        pytest.param("80 04 0010 00", "40 04 0010 00", id="runs past"),
    ],
)
def test_a_part_of_a_location_that_makes_no_sense_is_flagged(asked: str, expected: str) -> None:
    """Unknown ones are skipped, malformed ones end it; the ports are told all the same."""
    value = location_tlv.answered(bytes(4) + bytes.fromhex(asked), ENDS)

    assert value.hex() == bytes.fromhex("035e 1001" + expected).hex()


def test_a_sealed_request_has_a_sealed_answer() -> None:
    """The known request has the known answer, and the reply is to be marked as was asked."""
    said = answer(COS_SEALED, 7, SECRET, KNOWN, protected=True)

    assert said == Answer(COS_SEALED_ANSWER, 46)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(COS_SEALED[:-1] + b"\0", id="wrong"),
        pytest.param(COS_SEALED[:8], id="missing"),
        pytest.param(COS_SEALED[8:] + COS_SEALED[:8], id="misplaced"),
        pytest.param(tlv.seal(7, [], SECRET).encoded() + COS_SEALED[:8], id="right, but of nothing, and followed"),
        pytest.param(COS_SEALED + COS_SEALED[8:], id="twice"),
    ],
)
def test_what_the_key_does_not_vouch_for_is_not_acted_on(rest: bytes) -> None:
    """Every TLV comes back with I, its value as it was, and the reply is marked as nobody asked."""
    said = answer(rest, 7, SECRET, KNOWN, protected=True)
    request, reply = tlv.parse(rest), tlv.parse(said.rest)

    assert request is not None
    assert reply is not None
    assert said.asked_dscp is None
    assert [each.flags for each in reply.tlvs] == [0xA0] * len(request.tlvs)
    assert [each.value for each in reply.tlvs] == [each.value for each in request.tlvs]


def test_a_seal_that_cannot_be_verified_is_no_seal() -> None:
    """A reflector without the key acts on nothing that came under one."""
    reply = tlv.parse(answer(COS_SEALED, 7, None, KNOWN, protected=False).rest)

    assert reply is not None
    assert {each.flags for each in reply.tlvs} == {0xA0}


def test_padding_needs_no_seal_and_may_follow_one() -> None:
    """Alone it is answered in authenticated mode too; behind the HMAC it is not covered."""
    padding = Tlv(tlv.Type.PADDING, b"xyz").encoded()

    assert answer(padding, 7, SECRET, KNOWN, protected=True).rest == b"\0" + padding[1:]
    assert answer(COS_SEALED + padding, 7, SECRET, KNOWN, protected=True).rest == COS_SEALED_ANSWER + b"\0" + padding[1:]


def test_a_policy_may_keep_its_own_marking() -> None:
    """The asked DSCP is told to be refused, and the reply is not marked with it."""
    said = answer(COS_SEALED[:8], 7, None, Knowledge(0, tos=COS_TOS, any_dscp=False), protected=False)

    assert said == Answer(bytes.fromhex("00040004 b8a90000"), None)


tlvs = some.builds(Tlv, some.integers(0, 255), some.binary(max_size=20), some.integers(0, 255))


@given(some.lists(tlvs, min_size=1, max_size=5))
def test_tlvs_survive_the_wire(given_tlvs: list[Tlv]) -> None:
    """What is written is read again, unless all of it is zeros: that is padding."""
    octets = tlv.encoded(given_tlvs)

    assert tlv.parse(octets) == (Extension(tuple(given_tlvs)) if any(octets) else None)


@given(some.binary(max_size=200), some.booleans(), some.sampled_from([None, SECRET]))
def test_any_rest_is_read_and_answered_in_its_length(rest: bytes, protected: bool, secret: bytes | None) -> None:
    """No octets bring the reader or the answerer to anything but an answer as long as they are."""
    read = tlv.parse(rest)

    assert read is None or read.encoded() == rest
    assert len(answer(rest, 7, secret, KNOWN, protected=protected).rest) == len(rest)


@given(some.binary(min_size=4, max_size=100))
def test_any_location_is_answered_in_its_length_and_read(value: bytes) -> None:
    """Whatever a location asks, the answer is as long; whatever one answers, it is read."""
    assert len(location_tlv.answered(value, ENDS)) == len(value)
    assert "source_port" in location_tlv.read(value)


@given(some.integers(0, 63), some.integers(0, 63), some.integers(0, 3), some.integers(0, 3))
def test_values_survive_the_wire(asked: int, dscp: int, ecn: int, policy: int) -> None:
    """Each value reads as it was written."""
    for value in (
        ClassOfService(asked, dscp, ecn, policy),
        DirectMeasurement(asked, dscp, ecn),
        AccessReport(ecn + 1, policy),
        FollowUp(asked, dscp, ecn),
        TimestampInformation(asked, dscp, ecn, policy),
    ):
        assert type(value).decoded(value.encoded()) == value


def test_synchronisation_is_told_as_far_as_it_is_known() -> None:
    """Chrony speaks NTP, ptp4l PTP; the kernel's flag alone names no protocol, and nobody's clock runs free."""
    assert Synchronisation.of(ClockState(synchronised=True, error_ns=1, source="chrony")) == 1
    assert Synchronisation.of(ClockState(synchronised=True, error_ns=1, source="ptp4l")) == 2
    assert Synchronisation.of(ClockState(synchronised=True, error_ns=1, source="kernel")) == 0
    assert Synchronisation.of(ClockState(synchronised=False, error_ns=None, source="nobody")) == 5
