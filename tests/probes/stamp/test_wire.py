"""The octets of STAMP against the layout of RFC 8762 worked out by hand, against tshark, and against whatever may arrive."""

import struct
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench_probes.stamp.wire import (
    MalformedPacketError,
    ReflectorPacket,
    SenderPacket,
    clock_error_ns,
    decode_reflector,
    decode_sender,
    encode_reflector,
    encode_sender,
    ntp_from_unix,
    ptp_from_unix,
    unix_from_ntp,
    unix_from_ptp,
    unix_from_timestamp,
)
from tests.probes.stamp.vectors import COS_SEALED_ANSWER

# sequence 7, T1 2025-10-17 20:48:00.5 UTC, synchronised within 20 * 2^10 * 2^-32 s, SSID 0x1234
SENDER = bytes.fromhex("00000007ec9d2a00800000008a141234" + "00" * 28)
# its stateless reply: T2 = .00 + 0x81/256 s, T3 a little later, the request had come with TTL 64
REFLECTOR = bytes.fromhex("00000007ec9d2a00811000008a141234ec9d2a008100000000000007ec9d2a00800000008a14000040000000")
# a TWAMP-Light reflector's reply of 41 octets: no SSID, no TTL, T2 and T3 alike, its own counter
TWAMP_LIGHT = bytes.fromhex("00000000eeae56be3f982fff00010000eeae56be3f982fff00000007ec9d2a00800000008a14000000")

T1 = 0xEC9D2A0080000000
T1_NS = int(datetime(2025, 10, 17, 20, 48, 0, 500_000, UTC).timestamp() * 2) * 500_000_000

numbers = some.integers(0, 2**32 - 1)
timestamps = some.integers(0, 2**64 - 1)
words = some.integers(0, 2**16 - 1)
instants = some.integers(0, 2**62)
replies = some.builds(
    ReflectorPacket,
    numbers,
    timestamps,
    words,
    words,
    timestamps,
    numbers,
    timestamps,
    words,
    some.integers(0, 255),
    some.binary(),
)


def test_sender_octets_are_those_of_the_rfc() -> None:
    """A request reads and writes as the layout of RFC 8762 has it."""
    packet = SenderPacket(sequence=7, timestamp=T1, error_estimate=0x8A14, ssid=0x1234)

    assert encode_sender(packet) == SENDER
    assert decode_sender(SENDER) == packet


def test_reflector_octets_are_those_of_the_rfc() -> None:
    """A reply reads and writes as the layout of RFC 8762 has it."""
    packet = ReflectorPacket(7, 0xEC9D2A0081100000, 0x8A14, 0x1234, 0xEC9D2A0081000000, 7, T1, 0x8A14, 64)

    assert encode_reflector(packet) == REFLECTOR
    assert decode_reflector(REFLECTOR) == packet


def test_twamp_light_reply_without_ttl() -> None:
    """A TWAMP-Light reply of 41 octets gives its times; 38 octets have no TTL to give."""
    assert decode_reflector(TWAMP_LIGHT).receive_timestamp == decode_reflector(TWAMP_LIGHT).timestamp
    assert decode_reflector(TWAMP_LIGHT).sender_sequence == 7
    assert decode_reflector(TWAMP_LIGHT[:38]).sender_ttl is None


def test_short_twamp_light_request() -> None:
    """A request of 14 octets is a test packet without SSID; 13 octets are none."""
    assert decode_sender(SENDER[:14]) == SenderPacket(7, T1, 0x8A14)
    with pytest.raises(MalformedPacketError, match="at least 14 octets, this one 13"):
        decode_sender(SENDER[:13])


@given(numbers, timestamps, words, words, some.binary())
def test_sender_packets_survive_the_wire(sequence: int, timestamp: int, error: int, ssid: int, rest: bytes) -> None:
    """Whatever is written is read again, with what follows the base packet."""
    packet = SenderPacket(sequence, timestamp, error, ssid, rest)

    assert decode_sender(encode_sender(packet)) == packet


@given(replies)
def test_reflector_packets_survive_the_wire(packet: ReflectorPacket) -> None:
    """Whatever is written is read again."""
    assert decode_reflector(encode_reflector(packet)) == packet


@given(some.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """No octets bring a parser to anything but a packet or its one error, decided by length alone."""
    for decode, least in ((decode_sender, 14), (decode_reflector, 38)):
        try:
            decode(octets)
        except MalformedPacketError:
            assert len(octets) < least
        else:
            assert len(octets) >= least


@given(instants)
def test_ntp_keeps_every_nanosecond(unix_ns: int) -> None:
    """An instant comes back exactly, in whatever era, when read by a clock within half an era."""
    assert unix_from_ntp(ntp_from_unix(unix_ns), unix_ns + 2**60) == unix_ns


def test_ntp_of_known_instants() -> None:
    """The NTP timestamp of a known instant is the known one, and so is that of the first second of the next era."""
    assert ntp_from_unix(T1_NS) == T1
    assert ntp_from_unix(int(datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC).timestamp()) * 10**9) == 0


@given(instants)
def test_z_bit_chooses_the_format(unix_ns: int) -> None:
    """The Z bit of the error estimate says whether a timestamp is PTP's or NTP's."""
    ptp = (unix_ns // 10**9) % 2**32 << 32 | unix_ns % 10**9

    assert unix_from_timestamp(ptp, 0x4001, unix_ns) == unix_from_ptp(ptp, unix_ns) == unix_ns
    assert unix_from_timestamp(ntp_from_unix(unix_ns), 0xBFFF, unix_ns) == unix_ns


def test_error_estimates() -> None:
    """20 * 2^10 / 2^32 s is 4768.4 ns, rounded up; no claim is read where S is 0 or the multiplier is."""
    assert clock_error_ns(0x8A14) == 4769
    assert clock_error_ns(0x0A14) is None
    assert clock_error_ns(0x8A00) is None


def test_tshark_reads_the_same(tmp_path: Path) -> None:
    """Wireshark's TWAMP-Test dissector, which shares the layout, finds our values in our octets."""
    sent = encode_sender(SenderPacket(sequence=0x01020304, timestamp=T1, error_estimate=0x8A14))
    reply = ReflectorPacket(9, T1 + 2**30, 0x8A14, 0, T1 + 2**29, 0x01020304, T1, 0x8A14, 254)
    with_tlvs = encode_reflector(replace(reply, error_estimate=0xCA14, timestamp=ptp_from_unix(T1_NS), rest=COS_SEALED_ANSWER))
    capture = tmp_path / "stamp.pcap"
    packets = [_ipv4(sent, 40000, 862), _ipv4(encode_reflector(reply), 862, 40000), _ipv4(with_tlvs, 862, 40000)]
    capture.write_bytes(_pcap(packets))

    names = ("seq_number", "sender_seq_number", "sender_ttl", "error_estimate.multiplier", "error_estimate.scale")
    rows = _dissected(capture, *names, "error_estimate.s", "error_estimate.z", "timestamp", "padding")

    assert rows[0][0] == str(0x01020304)
    assert rows[1][:7] == ["9", str(0x01020304), "254", "20", "10", "1", "0"]
    # to TWAMP-Test, whose header ends at octet 41, TLVs are padding: where they begin is what it can tell of them
    assert rows[2][3:7] == ["20", "10", "1", "1"]
    assert rows[2][7].startswith("Oct 17, 2025 20:48:00.500000000")
    assert rows[2][8] == "000000" + COS_SEALED_ANSWER.hex()


def _dissected(capture: Path, *fields: str) -> list[list[str]]:
    wanted = [argument for field in fields for argument in ("-e", f"twamp.test.{field}")]
    command = ["tshark", "-r", str(capture), "-d", "udp.port==862,twamp.test", "-T", "fields", "-E", "occurrence=f", *wanted]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def _ipv4(payload: bytes, source: int, destination: int) -> bytes:
    udp = struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 255, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2") + udp


def _pcap(packets: list[bytes]) -> bytes:
    raw_ip = 101
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, raw_ip)
    return head + b"".join(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet for packet in packets)
