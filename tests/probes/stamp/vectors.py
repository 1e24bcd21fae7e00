"""Octets of STAMP worked out by hand from RFC 8762 and RFC 8972, and the values that they stand for.

Sequence 7, T1 2025-10-17 20:48:00.5 UTC, synchronised within 20 * 2^10 * 2^-32 s, SSID 0x1234; the stateless reply has
T2 = 0x81/256 and T3 = 0x8110/65536 of the same second, and the request had come with TTL 64.
"""

SECRET = bytes(range(16))
T1 = 0xEC9D2A0080000000
T2 = 0xEC9D2A0081000000
T3 = 0xEC9D2A0081100000
T1_NS = 1_760_734_080_500_000_000
T2_NS = 1_760_734_080_503_906_250
ERROR_ESTIMATE = 0x8A14
SSID = 0x1234

SENDER = bytes.fromhex("00000007 ec9d2a0080000000 8a14 1234" + "00" * 28)
REFLECTOR = bytes.fromhex("00000007 ec9d2a0081100000 8a14 1234 ec9d2a0081000000 00000007 ec9d2a0080000000 8a14 0000 40 000000")

SECRET_SENDER = bytes.fromhex(
    "00000007" + "00" * 12 + "ec9d2a0080000000 8a14 1234" + "00" * 68 + "f5305a98bf470b6c427dd1947e1b457a"
)
SECRET_REFLECTOR = bytes.fromhex(
    "00000007"
    + "00" * 12
    + "ec9d2a0081100000 8a14 1234 00000000 ec9d2a0081000000"
    + "00" * 8
    + "00000007"
    + "00" * 12
    + "ec9d2a0080000000 8a14"
    + "00" * 6
    + "40"
    + "00" * 15
    + "5c61e433ad1ff0b9c0c18b43e2c430fd"
)

# class of service, DSCP 46 asked for, then the HMAC over 00000007 and it; answered where the request came with DSCP 10, ECN 2
COS_SEALED = bytes.fromhex("80040004 b8000000 80080010 c7fa2117feeebb861d3f95f092b6d3ef")
COS_SEALED_ANSWER = bytes.fromhex("00040004 b8a80000 00080010 9af660b4dfd3002db5bb618740e9c604")
COS_TOS = 10 << 2 | 2
