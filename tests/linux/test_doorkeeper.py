"""Who is let in: the program by an interpreter of its own and Python's address arithmetic, and by the kernel over loopback."""

import ipaddress
import random
import select
import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import pytest

from netbench.errors import UsageError
from netbench.linux import doorkeeper
from netbench.linux.doorkeeper import Instruction, Network, Shape, attach, is_let_in, program

Address = IPv4Address | IPv6Address


def lets_in(made: Sequence[Instruction], header: bytes, datagram: bytes) -> bool:
    """Run classic BPF (Linux, Documentation/networking/filter.rst) on a UDP header with its payload, below an IP header."""
    accumulator = place = 0
    while True:
        code, constant, if_true, if_false = made[place]
        place += 1
        octets = header if constant >= 0xFFF00000 else datagram
        at = constant - 0xFFF00000 if constant >= 0xFFF00000 else constant
        match code:
            case 0x20:
                accumulator = struct.unpack_from("!I", octets, at)[0]
            case 0x28:
                accumulator = struct.unpack_from("!H", octets, at)[0]
            case 0x30:
                accumulator = octets[at]
            case 0x80:
                accumulator = len(datagram)
            case 0x54:
                accumulator &= constant
            case 0x15:
                place += if_true if accumulator == constant else if_false
            case 0x35:
                place += if_true if accumulator >= constant else if_false
            case 0x06:
                return constant > 0
            case _:
                raise AssertionError(f"no instruction that this test knows: {code:#x}")


def header_from(address: Address) -> bytes:
    if isinstance(address, IPv4Address):
        return b"\x45" + bytes(11) + address.packed + bytes(4)
    return b"\x60" + bytes(7) + address.packed + bytes(16)


def test_the_program_lets_in_what_the_networks_hold() -> None:
    """Two thousand random addresses, half of them close to a network's edge, against fifty sets of random networks."""
    chance = random.Random(1)
    let_in = 0
    for _ in range(50):
        networks = [_network(chance) for _ in range(chance.randrange(1, 12))]
        made = program(networks)
        for _ in range(40):
            address = _near(chance, chance.choice(networks))
            expected = any(address.version == each.version and address in each for each in networks)
            assert lets_in(made, header_from(address), bytes(52)) == expected == is_let_in(str(address), networks)
            let_in += expected
    assert 200 < let_in < 1800


def _network(chance: random.Random) -> Network:
    if chance.random() < 0.5:
        return ipaddress.IPv4Network((chance.getrandbits(32), chance.randrange(33)), strict=False)
    return ipaddress.IPv6Network((chance.getrandbits(128), chance.randrange(129)), strict=False)


def _near(chance: random.Random, network: Network) -> Address:
    if chance.random() < 0.2:
        return IPv4Address(chance.getrandbits(32))
    number = int(network.network_address) + chance.randrange(-1, network.num_addresses + 1)
    return type(network.network_address)(number % (1 << network.max_prefixlen))


def test_a_datagram_must_have_its_shape() -> None:
    """Short ones and other numbers are kept out, wherever they come from; without numbers only the length counts."""
    header = header_from(IPv4Address("192.0.2.1"))
    shaped = program([ipaddress.ip_network("192.0.2.0/24")], Shape(112, 26, (17, 18, 400)))

    def datagram(ssid: int, octets: int) -> bytes:
        return bytes(8 + 26) + ssid.to_bytes(2, "big") + bytes(octets - 28)

    assert [lets_in(shaped, header, datagram(ssid, 112)) for ssid in (17, 18, 400, 0, 19)] == [True, True, True, False, False]
    assert not lets_in(shaped, header, datagram(17, 111))
    assert not lets_in(shaped, header_from(IPv4Address("192.0.3.1")), datagram(17, 112))
    assert lets_in(program(None, Shape(112)), header, datagram(5, 112))


def test_the_largest_program_is_one_the_kernel_takes() -> None:
    """As many far-off networks and numbers as may be named; one more is refused in words."""
    networks = [ipaddress.ip_network(f"2001:db8:{number:x}::1/128") for number in range(0, 2 * doorkeeper.MOST_NETWORKS, 2)]
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as opened:
        attach(opened, networks, Shape(112, 26, range(1, 2 * doorkeeper.MOST_SSIDS, 2)))

    with pytest.raises(UsageError, match=r"^65 networks to allow are more than 64; name larger ones$"):
        program([*networks, ipaddress.ip_network("192.0.2.0/24")])


@pytest.mark.parametrize("allowed", [True, False])
def test_the_kernel_keeps_out_who_is_not_let_in(*, allowed: bool) -> None:
    """From an address of the network a datagram arrives, from its neighbour none does."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking,
    ):
        listening.bind(("127.0.0.1", 0))
        attach(listening, [ipaddress.ip_network("127.0.0.2/32")])
        asking.bind(("127.0.0.2" if allowed else "127.0.0.3", 0))
        asking.sendto(b"let me in", listening.getsockname())

        assert bool(select.select([listening], [], [], 0)[0]) == allowed


def test_an_address_may_come_in_other_clothes() -> None:
    """An IPv4 address as IPv6 writes it, and a link-local one with its interface."""
    networks = [ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("fe80::/10")]

    assert is_let_in("::ffff:192.0.2.7", networks)
    assert is_let_in("fe80::1%eth0", networks)
    assert not is_let_in("::ffff:192.0.3.7", networks)
