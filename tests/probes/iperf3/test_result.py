"""libiperf's JSON, as iperf3 3.12 really wrote it (data/), is read for what it says."""

from pathlib import Path

import pytest

from netbench_probes.iperf3.result import Told, contradiction, explained, told

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("name", "account"),
    [
        ("forward-client", Told(received_bytes=2621440, congestion_control="cubic")),
        ("reverse-client", Told(received_bytes=2621440, congestion_control="reno")),
        ("refused", Told(error="unable to connect to server: Connection refused")),
        ("killed", Told(error="control socket has closed unexpectedly")),
    ],
)
def test_captured_accounts(name: str, account: Told) -> None:
    """A whole test tells the far end's count and the algorithm; a broken one tells its reason, and no count."""
    assert told((DATA / f"{name}.json").read_text()) == account


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"start": {', "iperf3 gave something that is not JSON"),
        ("", "iperf3 gave something that is not JSON"),
        ("[1, 2]", "iperf3 gave JSON that is no result"),
        ('{"end": 7}', "iperf3 gave JSON that is no result"),
        ('{"end": {"sum_received": []}}', "iperf3 gave JSON that is no result"),
        ('{"end": {"sum_received": {"bytes": "many"}}}', "iperf3 gave JSON that is no result"),
    ],
)
def test_nonsense(text: str, error: str) -> None:
    """Text that is no account is an error in words, never an exception."""
    assert told(text) == Told(error=error)


def test_silence() -> None:
    """No text says nothing: it is no failure by itself."""
    assert told(None) == Told()


def test_another_algorithm_than_asked() -> None:
    """A test that ran with another congestion control is not the test that was asked for."""
    account = Told(received_bytes=1000, congestion_control="bbr")
    assert contradiction(account, congestion_control="cubic", acked_bytes=1000) == "the sender used bbr where cubic was asked"


def test_a_proxy_on_the_way() -> None:
    """Bytes that were acknowledged and never reached the far iperf3, beyond what a socket buffers, are told."""
    account = Told(received_bytes=10_000_000, congestion_control="cubic")
    reason = contradiction(account, congestion_control="cubic", acked_bytes=100_000_000)
    assert reason is not None
    assert reason.startswith("the far end counted 10000000 bytes of 100000000 acknowledged")


@pytest.mark.parametrize("acked_bytes", [9_000_000, 10_000_000, 16_000_000])
def test_what_a_socket_buffers_is_no_contradiction(acked_bytes: int) -> None:
    """The far socket may hold megabytes when the test ends, and fewer acknowledged bytes are only late acknowledgements."""
    account = Told(received_bytes=10_000_000, congestion_control="cubic")
    assert contradiction(account, congestion_control="cubic", acked_bytes=acked_bytes) is None


def test_a_server_that_does_not_tell() -> None:
    """Nothing told, nothing contradicted."""
    assert contradiction(Told(), congestion_control="cubic", acked_bytes=1) is None


def test_a_known_reason_comes_with_its_cure() -> None:
    """What libiperf says stands first, then what to do; an unknown reason stands alone."""
    assert explained("unable to connect to server: Connection refused").endswith(
        "; start an iperf3 server there, or give its port"
    )
    assert explained("the sky fell") == "the sky fell"
