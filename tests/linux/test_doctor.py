"""What the doctor makes of what it is shown."""

import json
from pathlib import Path

import pytest

from netbench.linux import doctor
from netbench.linux.attempt import Attempt
from netbench.linux.clockstate import ClockState
from netbench.linux.doctor import Finding


@pytest.mark.parametrize(
    ("version", "ok"), [((3, 10, 13), False), ((3, 11, 0), True), ((3, 13, 9), True), ((3, 14, 0), False), ((4, 0, 0), False)]
)
def test_python_from_3_11_to_3_13(version: tuple[int, int, int], ok: bool) -> None:
    """The first and the last release of the range are in it, their neighbours are not."""
    assert doctor.python_version(version).ok is ok


def test_what_is_there_has_no_cure() -> None:
    """A cure for something that is there, or none for something missing, is a fault of ours."""
    with pytest.raises(ValueError, match="libiperf: a cure belongs to what is missing"):
        Finding("libiperf", ok=True, required=True, found="3.12", cure="sudo apt-get install libiperf0")
    with pytest.raises(ValueError, match="libiperf: a cure belongs to what is missing"):
        Finding("libiperf", ok=False, required=True, found="", cure=None)


def test_mininet_is_linked_where_debian_has_it(tmp_path: Path) -> None:
    """With Debian's package there, the link alone is missing; without it, the package too."""
    there = doctor.mininet_cure(tmp_path)
    absent = doctor.mininet_cure(tmp_path / "nothing")

    assert there.startswith(f"ln -sfn {tmp_path} ")
    assert absent.startswith("sudo apt-get install --no-install-recommends mininet && ln -sfn ")


def test_absent_programs_are_named_with_their_packages() -> None:
    """Two programs of one package ask for it once."""
    finding = doctor.programs(["ip", "tc", "ifconfig"], ["ip", "tc"])

    assert finding.found == "not on the path: ip, tc, ifconfig"
    assert finding.cure == "sudo apt-get install --no-install-recommends iproute2"


def test_programs_off_the_path_ask_for_the_path() -> None:
    """Debian hides tc and ifconfig from ordinary users: installing again would not help them."""
    finding = doctor.programs(["tc"], [])

    assert finding.found == "not on the path: tc"
    assert finding.cure == "export PATH=$PATH:/usr/sbin:/sbin"


def test_programs_that_are_there_need_nothing() -> None:
    """With nothing absent there is nothing to mend."""
    assert doctor.programs([], []).ok


@pytest.mark.parametrize("root", [True, False])
def test_user_namespaces_are_required_of_users_only(root: bool) -> None:
    """Root makes network namespaces without them."""
    finding = doctor.user_namespaces(Attempt(ok=False, said="unshare failed: No space left on device"), root=root)

    assert finding.required is not root
    assert finding.found == "unshare failed: No space left on device"


def test_trials_are_told_one_by_one() -> None:
    """Each trial's own words are what was found; a missing netem is not fatal, missing packet sockets are."""
    said = json.dumps({"packet_sockets": [False, "no"], "netem": [False, "unknown"], "tx_timestamps": [True, "stamped"]})

    sandbox, packets, netem, stamps = doctor.kernel_trials(Attempt(ok=True, said=said))

    assert sandbox.ok
    assert (packets.ok, packets.required, packets.found) == (False, True, "no")
    assert (netem.ok, netem.required, netem.found) == (False, False, "unknown")
    assert (stamps.ok, stamps.found, stamps.cure) == (True, "stamped", None)


def test_without_a_sandbox_nothing_in_it_is_there() -> None:
    """What could not be tried is missing, with the reason why it could not."""
    findings = list(doctor.kernel_trials(Attempt(ok=False, said="not permitted")))

    assert [finding.name for finding in findings] == ["sandbox", "packet_sockets", "netem", "tx_timestamps"]
    assert {(finding.ok, finding.found) for finding in findings} == {(False, "not permitted")}


def test_tun_that_is_no_device_is_missing(tmp_path: Path) -> None:
    """An absent device asks for its module."""
    finding = doctor.tun(tmp_path / "tun")

    assert (finding.ok, finding.required, finding.cure) == (False, False, "sudo modprobe tun")


@pytest.mark.parametrize(("source", "ok"), [("tsc", True), ("kvm-clock", True), ("arch_sys_counter", True), ("hpet", False)])
def test_slow_clock_sources_are_told(tmp_path: Path, source: str, ok: bool) -> None:
    """Only a clock source known to be slow is complained about."""
    file = tmp_path / "current_clocksource"
    file.write_text(source + "\n", encoding="ascii")

    assert doctor.clock_source(file).ok is ok
    assert doctor.clock_source(file).found == source


def test_unreadable_clock_source_is_missing() -> None:
    """Without sysfs nobody knows the clock source, and none is made up."""
    finding = doctor.clock_source(Path("/nowhere/system/clocksource/clocksource0/current_clocksource"))

    assert not finding.ok
    assert finding.found.endswith("No such file or directory")


@pytest.mark.parametrize(
    ("state", "ok", "found"),
    [
        (ClockState(True, 6_818, "chrony", "192.168.1.1"), True, "within 6.82 µs of UTC by chrony to 192.168.1.1"),
        (ClockState(True, None, "kernel"), False, "synchronised, to an error unknown, says kernel"),
        (ClockState(False, None, "nobody"), False, "not synchronised, says nobody"),
    ],
)
def test_clock_that_nobody_bounds_is_told(state: ClockState, ok: bool, found: str) -> None:
    """It is not required: the round trip and everything emulated do without."""
    finding = doctor.clock_state(state)

    assert (finding.ok, finding.required, finding.found) == (ok, False, found)


def test_one_core_is_too_few() -> None:
    """The probes and the network want a core each."""
    assert not doctor.cores(1).ok
    assert doctor.cores(2).ok


@pytest.mark.parametrize(("encoding", "ok"), [("utf-8", True), ("UTF8", True), ("ascii", False), ("gb18030", False)])
def test_output_is_utf_8(encoding: str, ok: bool) -> None:
    """However UTF-8 is spelt, it is UTF-8."""
    assert doctor.text_encoding(encoding).ok is ok
