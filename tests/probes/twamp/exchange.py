"""One session in octets: what twping and twampd of perfSONAR 5.2.3 said to each other in open mode, over IPv4's loopback."""

import ipaddress

from netbench_probes.twamp.wire import SessionRequest, address_field

LOOPBACK = ipaddress.IPv4Address("127.0.0.1")

GREETING = bytes.fromhex(
    "000000000000000000000000"  # unused
    "00000001"  # modes: open alone
    "f87b0821c3633ceda27c972f84d0ee5f"  # challenge
    "a3852e54e029ccff27052733cf91af9c"  # salt
    "00000800"  # count 2048
    "000000000000000000000000"
)
SET_UP_RESPONSE = bytes.fromhex("00000001") + bytes(160)
SERVER_START = bytes(32) + bytes.fromhex("eeae54b90cb662fd") + bytes(8)
REQUEST = bytes.fromhex(
    "05040000"  # Request-TW-Session, IPv4, conf-sender and -receiver 0
    "00000000"  # no schedule slots
    "00000000"  # no packets
    "26e326e3"  # ports 9955 and 9955
    "7f000001000000000000000000000000"
    "7f000001000000000000000000000000"
    "00000000000000000000000000000000"  # SID
    "0000001b"  # 27 octets of padding
    "eeae54bc8dfb6134"  # start time
    "0000000100000000"  # timeout 1 s
    "00000000"  # Type-P
    "0000000000000000"
    "00000000000000000000000000000000"  # HMAC
)
ACCEPT_SESSION = bytes.fromhex(
    "0000494a"  # accepted, port 18762 although 9955 was asked for
    "7f000001eeae54bb8e4723aac9e9693f"  # SID
    "000000000000000000000000"
    "00000000000000000000000000000000"  # HMAC
)
START_SESSIONS = bytes.fromhex("02") + bytes(31)
START_ACK = bytes(32)
STOP_SESSIONS = bytes.fromhex("0300000000000001") + bytes(24)

TEST_PACKET = bytes.fromhex("00000000eeae54bca7a0e8420001911a2eb1ab394ef5787d4edc66466b96b197eba21e0fc9f8339756")
TEST_REPLY = bytes.fromhex("00000000eeae54bca7afd97600010000eeae54bca7aebc4000000000eeae54bca7a0e84200010000ff")

ASKED = SessionRequest(
    ip_version=4,
    sender_port=9955,
    receiver_port=9955,
    sender_address=address_field(LOOPBACK),
    receiver_address=address_field(LOOPBACK),
    padding_octets=27,
    timeout=1 << 32,
    start_time=0xEEAE54BC8DFB6134,
)


def greeting(modes: int) -> bytes:
    """Return the greeting with other modes."""
    return GREETING[:12] + modes.to_bytes(4, "big") + GREETING[16:]
