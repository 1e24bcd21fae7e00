"""Logs and JSON of other tools: what was really written by them, and what is put together by hand."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.errors import InputError
from netbench.foreign import maps
from netbench.foreign.model import Content, Span
from netbench.foreign.read import read
from netbench.measure.samples import Columns, Fate
from tests.fuzz import foreign_tables, mtr_reports, ping_logs

SAMPLES = Path(__file__).parent / "samples"
AT_NS = 1_795_572_547_000_000_000
MS = 1_000_000


def of_file(name: str, map_name: str, at_ns: int | None = None) -> Content:
    """A sample read by its map."""
    return read(maps.find(map_name), (SAMPLES / name).read_bytes(), name, "Asia/Shanghai", at_ns)


def of_text(text: str, map_name: str, at_ns: int | None = AT_NS) -> Content:
    """Some text read by a map."""
    return read(maps.find(map_name), text.encode(), "file", "Asia/Shanghai", at_ns)


def packets_of(content: Content) -> Columns:
    """The packets of the one subject."""
    packets = content.subjects[0].packets
    assert packets is not None
    return packets


def test_a_log_that_ping_wrote() -> None:
    """Five answers with the round trips that it printed, in the order of sending."""
    content = of_file("ping.txt", "ping", AT_NS)
    packets = packets_of(content)
    assert content.subjects[0].name == "127.0.0.1"
    assert list(packets["round_trip_ns"]) == [31_000, 31_000, 29_000, 31_000, 29_000]
    assert list(packets["sequence"]) == [1, 2, 3, 4, 5]
    assert not packets["fate"].any()
    assert np.ma.getmaskarray(packets["forward_ns"]).all()
    assert content.subjects[0].resolution_ns == 1000
    assert packets["sent_ns"][0] == AT_NS


def test_ping_with_instants_says_when() -> None:
    """A packet was sent its round trip before the instant at which ping printed it."""
    content = of_file("ping-instants.txt", "ping")
    assert list(packets_of(content)["sent_ns"]) == [
        1_795_572_547_387_770_000 - 33_000,
        1_795_572_547_588_996_000 - 31_000,
        1_795_572_547_806_928_000 - 30_000,
    ]
    assert content.span == Span(1_795_572_547_387_737_000, 1_795_572_547_806_898_000)


def test_what_ping_lost_doubled_and_reordered_is_told() -> None:
    """Sequence 2 came after 3 and is overtaken, 3 came twice, 4 never."""
    text = (
        "PING far (10.0.0.1) 56(84) bytes of data.\n"
        "64 bytes from 10.0.0.1: icmp_seq=1 ttl=60 time=10.5 ms\n"
        "64 bytes from 10.0.0.1: icmp_seq=3 ttl=60 time=10.6 ms\n"
        "64 bytes from 10.0.0.1: icmp_seq=3 ttl=60 time=10.7 ms (DUP!)\n"
        "64 bytes from 10.0.0.1: icmp_seq=2 ttl=60 time=2010 ms\n\n"
        "--- far ping statistics ---\n"
        "4 packets transmitted, 3 received, +1 duplicates, 25% packet loss, time 3000ms\n"
        "rtt min/avg/max/mdev = 10.5/677.0/2010.0/1.0 ms\n"
    )
    content = of_text(text, "ping")
    packets = packets_of(content)
    assert list(packets["sequence"]) == [1, 2, 3, 3, 4]
    assert list(packets["fate"]) == [Fate.ANSWERED, Fate.ANSWERED, Fate.ANSWERED, Fate.DUPLICATE, Fate.LOST]
    assert list(packets["reordered"]) == [0, 4, 0, 0, 0]
    assert content.subjects[0].resolution_ns == MS
    assert list(packets["sent_ns"] - AT_NS) == [0, 1000 * MS, 2000 * MS, 2000 * MS, 3000 * MS]


@given(st.lists(st.one_of(st.none(), st.integers(1, 10**7)), min_size=1, max_size=40))
def test_whatever_ping_may_write_is_read_as_it_was(round_trips_us: list[int | None]) -> None:
    """Every attempt has the fate and the round trip that it had."""
    lines = [f"64 bytes from 10.0.0.1: icmp_seq={number} ttl=60 time={took / 1000:.3f} ms"
             for number, took in enumerate(round_trips_us, 1) if took is not None]  # fmt: skip
    answered = len(lines)
    end = f"{len(round_trips_us)} packets transmitted, {answered} received, 0% packet loss, time 1000ms"
    packets = packets_of(of_text("\n".join(["PING far (10.0.0.1) 56(84) bytes of data.", *lines, "", end]), "ping"))
    assert len(packets["sequence"]) == len(round_trips_us)
    known = ~np.ma.getmaskarray(packets["round_trip_ns"])
    assert [took is not None for took in round_trips_us] == list(known)
    assert [took * 1000 for took in round_trips_us if took is not None] == list(np.ma.getdata(packets["round_trip_ns"])[known])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "file: this is no log of ping: it does not begin with PING"),
        ("traceroute to far\n", "file:1: this is no log of ping: it does not begin with PING"),
        ("PING far (10.0.0.1) 56(84) bytes of data.\n64 Bytes von 10.0.0.1\n",
         "file:2: this line is none that ping writes in English (run it with LC_ALL=C)"),
        ("PING far (10.0.0.1) 56(84) bytes of data.\n64 bytes from 10.0.0.1: icmp_seq=1 ttl=60 time=1.00 ms\n",
         "file: the log ends without its statistics, so nobody knows how many were sent; end ping by SIGINT"),
        (("PING far (10.0.0.1) 56(84) bytes of data.\n64 bytes from 10.0.0.1: icmp_seq=2 ttl=60 time=1.00 ms\n"
         "1 packets transmitted, 1 received, 0% packet loss, time 0ms\n"),
         "file: the answers and the 1 packets transmitted do not agree, so this is not one whole log"),
        ("PING far (10.0.0.1) 56(84) bytes of data.\nPING far (10.0.0.1) 56(84) bytes of data.\n",
         "file:2: a second ping begins here; keep one a file"),
    ],
)  # fmt: skip
def test_what_is_no_log_of_ping_is_refused(text: str, sentence: str) -> None:
    """By the line that is none."""
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        of_text(text, "ping")


def test_a_quiet_log_is_no_log_of_losses() -> None:
    """Without its lines nobody knows how long anything took, and nothing was lost for that."""
    text = "PING far (10.0.0.1) 56(84) bytes of data.\n5 packets transmitted, 5 received, 0% packet loss, time 4ms\n"
    with pytest.raises(InputError, match=r"count 5 answers and its lines 0; a quiet ping \(-q, -f\) writes no samples down$"):
        of_text(text, "ping")


def test_sequence_numbers_of_ping_begin_anew() -> None:
    """After 65 535 comes 0, which is the 65 536th."""
    lines = [f"64 bytes from 10.0.0.1: icmp_seq={number % 65_536} ttl=60 time=1.00 ms" for number in range(1, 65_540)]
    end = "65539 packets transmitted, 65539 received, 0% packet loss, time 65538000ms"
    packets = packets_of(of_text("\n".join(["PING far (10.0.0.1) 56(84) bytes of data.", *lines, end]), "ping"))
    assert list(packets["sequence"][-3:]) == [65_537, 65_538, 65_539]
    assert not packets["fate"].any()


def test_what_gzip_packed_is_unpacked() -> None:
    """As irtt packs it; what is cut off is refused."""
    packed = gzip.compress((SAMPLES / "irtt.json").read_bytes())
    assert read(maps.find("irtt"), packed, "irtt.json.gz", "UTC").rows == 8
    with pytest.raises(InputError, match=r"^irtt\.json\.gz: this file of gzip ends too early$"):
        read(maps.find("irtt"), packed[:-20], "irtt.json.gz", "UTC")


def test_a_log_without_instants_needs_one() -> None:
    """It is not guessed from the file's own date."""
    with pytest.raises(InputError, match=r"nothing in it says when it was measured \(ping -D would\); give --at INSTANT$"):
        of_file("ping.txt", "ping")


def test_mtr_as_text_and_as_json_gives_its_last_hop() -> None:
    """Its own figures, without intervals."""
    text, as_json = of_file("mtr.txt", "mtr"), of_file("mtr.json", "mtr", AT_NS)
    figures = {each.statistic: each for each in as_json.subjects[0].summaries}
    assert {name: each.value for name, each in figures.items()} == {
        "ratio": 0,
        "min": 46_000,
        "mean": 1_814_000,
        "max": 5_334_000,
    }
    assert all(each.low is each.high is None and each.given for each in figures.values())
    assert {each.count for each in figures.values()} == {3}
    assert {each.statistic: each.value for each in text.subjects[0].summaries} == {
        "ratio": 0, "min": MS // 10, "mean": MS // 10, "max": MS // 10,
    }  # fmt: skip
    assert (text.subjects[0].resolution_ns, as_json.subjects[0].resolution_ns) == (MS // 10, 1000)
    assert text.span == Span(1_795_572_696 * 10**9, 1_795_572_696 * 10**9)


def test_a_target_that_never_answered_mtr_has_no_delay() -> None:
    """Zeros that mtr prints there are no measurements."""
    text = "HOST: here  Loss%   Snt   Last   Avg  Best  Wrst StDev\n  1.|-- ???   100.0    10    0.0   0.0   0.0   0.0   0.0\n"
    assert [(each.metric, each.value) for each in of_text(text, "mtr").subjects[0].summaries] == [("loss_ratio", 1)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hello\n", "file:1: this is no report of mtr (mtr --report, with its usual columns)"),
        ("HOST: here  Loss%   Snt   Last   Avg  Best  Wrst StDev\n", "file: this report of mtr has no hop"),
        ('{"report": {"mtr": {}, "hubs": [{"host": "a", "Loss%": 0, "Snt": 3, "Best": "fast"}]}}',
         "file:report.hubs[0]: Best: 'fast' is no number"),
        ('{"report": {"mtr": {}, "hubs": [{"host": "a", "Loss%": 150, "Snt": 3}]}}',
         "file:report.hubs[0]: Loss%: '150' is no share of a whole"),
    ],
)  # fmt: skip
def test_what_is_no_report_of_mtr_is_refused(text: str, sentence: str) -> None:
    """By the line or the item that is none."""
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        of_text(text, "mtr")


@given(st.floats(0, 100), st.integers(0, 10**6), st.lists(st.floats(0.001, 10**5), min_size=3, max_size=3))
def test_whatever_mtr_may_write_is_read_as_it_was(loss: float, sent: int, delays: list[float]) -> None:
    """To its last digit."""
    loss, (best, mean, worst) = round(loss, 1), sorted(round(each, 1) for each in delays)
    row = f"  7.|-- 10.0.0.1  {loss:.1f}%  {sent}  0.1  {mean:.1f}  {best:.1f}  {worst:.1f}  0.0\n"
    found = of_text("HOST: here  Loss%   Snt   Last   Avg  Best  Wrst StDev\n" + row, "mtr").subjects[0].summaries
    values = {each.statistic: each.value for each in found}
    assert values.pop("ratio") == pytest.approx(loss / 100)
    if loss < 100:
        assert values == {name: round(value * 10) * MS // 10 for name, value in (("min", best), ("mean", mean), ("max", worst))}


def test_a_session_that_irtt_wrote() -> None:
    """Four instants a packet: the ways are their differences, and irtt's own round trip is their sum to the clocks' grain."""
    packets = packets_of(of_file("irtt.json", "irtt"))
    trips: list[dict[str, Any]] = json.loads((SAMPLES / "irtt.json").read_text("utf-8"))["round_trips"]
    assert len(packets["sequence"]) == len(trips) == 8
    both = np.ma.getdata(packets["forward_ns"]) + np.ma.getdata(packets["reverse_ns"])
    told = np.array([trip["delay"]["rtt"] for trip in trips])
    assert np.all(np.abs(both - told) < 1000)
    assert packets["forward_ns"][0] == 98_894
    assert packets["residence_ns"][0] == 6_436


def test_irtt_without_the_servers_clock_gives_round_trips() -> None:
    """And the side on which it saw a loss."""

    def trip(number: int, lost: str, delay: dict[str, int]) -> dict[str, Any]:
        stamps = {"client": {"send": {"wall": AT_NS + number}, "receive": {"wall": AT_NS + number + 9}}, "server": {}}
        return {"seqno": number, "lost": lost, "timestamps": stamps, "delay": delay}

    trips = [trip(0, "false", {"rtt": 700}), trip(1, "true_up", {}), trip(2, "true_down", {}), trip(3, "true", {})]
    packets = packets_of(of_text(json.dumps({"round_trips": trips}), "irtt"))
    assert list(packets["fate"]) == [Fate.ANSWERED, Fate.LOST_FORWARD, Fate.LOST_REVERSE, Fate.LOST]
    round_trips = packets["round_trip_ns"]
    assert np.ma.getdata(round_trips)[~np.ma.getmaskarray(round_trips)].tolist() == [700]
    assert np.ma.getmaskarray(packets["forward_ns"]).all()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "file:1:2: this is not JSON: Expecting property name enclosed in double quotes"),
        ("{}", "file: there are no round_trips in it: irtt writes them with -o, unless it was given -Q twice"),
        ('{"round_trips": [{"seqno": 0, "lost": "maybe"}]}',
         "file:round_trips[0]: lost: 'maybe' is none of false, true, true_up, true_down"),
        ('{"round_trips": [{"seqno": -1, "lost": "true", "timestamps": {"client": {"send": {"wall": 5}}}}]}',
         "file:round_trips[0]: seqno: this must be a whole number from 0 on"),
    ],
)  # fmt: skip
def test_what_is_none_of_irtt_is_refused(text: str, sentence: str) -> None:
    """By the round trip that is none."""
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        of_text(text, "irtt")


def test_a_result_of_pscheduler() -> None:
    """One way, of a histogram: figures without an interval, and a loss that was counted with one."""
    result = {"schema": 1, "succeeded": True, "packets-sent": 100, "packets-received": 99, "packets-lost": 1,
              "histogram-latency": {"12.10": 50, "12.25": 48, "30": 1}}  # fmt: skip
    subject = of_text(json.dumps(result), "perfsonar").subjects[0]
    figures = {each.statistic: each for each in subject.summaries}
    assert (figures["min"].value, figures["max"].value, figures["p50"].value) == (12_100_000, 30 * MS, 12_100_000)
    assert figures["p99"].value == 30 * MS  # the 99th of 99
    assert figures["p90"].value == 12_250_000
    assert figures["mean"].value == round((50 * 12.1 + 48 * 12.25 + 30) / 99 * MS)
    assert (figures["p99"].low, figures["p99"].high, figures["p99"].count) == (None, None, 99)
    loss = figures["ratio"]
    assert (loss.direction, loss.value, loss.given) == ("forward", 0.01, False)
    assert loss.high == pytest.approx(0.05446, abs=1e-5)  # Clopper and Pearson's table for 1 of 100
    assert subject.resolution_ns == MS


def test_pscheduler_says_its_clocks_and_its_buckets() -> None:
    """Buckets of 0.1 ms: a key of 121 is 12.1 ms; the clocks were at most 0.25 ms apart."""
    result = {"packets-sent": 1, "packets-lost": 0, "max-clock-error": 0.25, "histogram-latency": {"121": 1}}
    text = json.dumps({"test": {"spec": {"bucket-width": 0.0001}}, "result": result})
    subject = of_text(text, "perfsonar").subjects[0]
    assert subject.summaries[0].value == 12_100_000
    assert (subject.clock_error_ns, subject.resolution_ns) == (250_000, 100_000)


def test_a_series_out_of_esmond() -> None:
    """Its histograms are one, and its instants say when."""
    points = [{"ts": 1795572547, "val": {"12.1": 590, "13": 10}}, {"ts": 1795572607, "val": {"12.2": 600}}]
    content = of_text(json.dumps(points), "perfsonar", None)
    figures = {each.statistic: each.value for each in content.subjects[0].summaries}
    assert (figures["p50"], figures["max"]) == (12_200_000, 13 * MS)
    assert content.span == Span(1795572547 * 10**9, 1795572607 * 10**9)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"throughput": 1}', "file: this is neither a result of pScheduler's latency test nor a series of esmond's"),
        ('{"succeeded": false, "packets-sent": 0}', "file: the test did not succeed, so there is nothing to import"),
        ('{"packets-sent": 1, "packets-lost": 2}', "file:1: packets-lost: 2 lost of 1 sent is more than all"),
        ('[{"ts": 5, "val": {"x": 1}}]', "file:[0]: 'x' is no number of milliseconds"),
    ],
)  # fmt: skip
def test_what_is_none_of_perfsonar_is_refused(text: str, sentence: str) -> None:
    """By its place."""
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        of_text(text, "perfsonar")


def test_mutations_are_read_or_refused() -> None:
    """The fuzz targets, shortly; ``make fuzz`` runs them for ten million."""
    ping_logs.fuzz(seed=1, count=1500)
    mtr_reports.fuzz(seed=1, count=1500)
    foreign_tables.fuzz(seed=1, count=1500)
