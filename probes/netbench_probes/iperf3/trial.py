"""One iperf3 test in one direction between two places: its processes, its deadlines, its rows, its end."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netbench.measure.probe import Control, Schedule
from netbench.measure.vantage import Vantage
from netbench_probes.iperf3.child import Child, Event, pump
from netbench_probes.iperf3.parameters import Parameters
from netbench_probes.iperf3.result import contradiction, explained, told
from netbench_probes.iperf3.rows import Joiner, Row

NANOSECONDS_PER_SECOND = 1_000_000_000

_LOOK_SECONDS = 0.02  # how often to look whether to stop
_START_UP_NS = 10 * NANOSECONDS_PER_SECOND  # for a process to start on a busy host
_DIALOGUE_NS = 5 * NANOSECONDS_PER_SECOND  # for a server that answers to agree on a test
_RESULTS_NS = 10 * NANOSECONDS_PER_SECOND  # for the ends to exchange results through a full queue
_FAR_RESULT_NS = NANOSECONDS_PER_SECOND  # for our own server to tell its result after the client has


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the client runs and what it is to reach. ``server`` is None when somebody else runs the server.

    ``reverse`` is iperf3's own reverse mode: the server sends.
    """

    client: Vantage
    client_address: str | None
    server: Vantage | None
    host: str
    port: int
    reverse: bool = False


@dataclass(slots=True)
class Outcome:
    """How a test ended: ``failure`` is None or says why, without the names of the places."""

    failure: str | None = None
    evidence: dict[str, bytes] = field(default_factory=dict[str, bytes])


class _Failed(Exception):  # noqa: N818 - control flow inside this module, never seen outside
    """The test cannot go on; the message says why."""


class Trial:
    """One test. ``take`` is handed rows as intervals end."""

    def __init__(
        self, ends: Ends, schedule: Schedule, parameters: Parameters, take: Callable[[Sequence[Row]], None], control: Control
    ) -> None:
        self._ends = ends
        self._schedule = schedule
        self._parameters = parameters
        self._take = take
        self._control = control
        self._joiner = Joiner(waits_for_receiver=ends.server is not None)
        self._server: Child | None = None
        self._client: Child | None = None
        self._port = ends.port
        self._rows = 0
        self._received_bytes = 0

    def run(self) -> Outcome:
        """Run it to its end, its failure or the caller's stop; no process is left, and no row that was measured is lost."""
        outcome = Outcome()
        with contextlib.ExitStack() as children:
            try:
                self._start_server(children)
                self._start_client(children)
                self._follow()
            except _Failed as failure:
                outcome.failure = str(failure)
            self._hand_over(self._joiner.remaining())
            if outcome.failure is None and self._rows < self._schedule.count:
                outcome.failure = f"{self._rows} of {self._schedule.count} intervals were seen: this host was too busy to watch"
            outcome.evidence.update(self._evidence())
        return outcome

    def _start_server(self, children: contextlib.ExitStack) -> None:
        if self._ends.server is None:
            return
        order = {"role": "server", "bind": self._ends.host, **self._common_order()}
        self._server = children.enter_context(Child(self._ends.server, order))
        self._pump_until("listening", self._server, _START_UP_NS, "the iperf3 server did not begin to listen")

    def _start_client(self, children: contextlib.ExitStack) -> None:
        asked = self._parameters
        order = {
            "role": "client",
            "host": self._ends.host,
            "port": self._port,
            "bind": self._ends.client_address,
            "seconds": self._seconds,
            "reverse": self._ends.reverse,
            "congestion_control": asked.congestion_control,
            "connect_timeout_ms": asked.connect_timeout_ns // 1_000_000,
            "server_output": self._ends.server is None,
            "mss": asked.maximum_segment_bytes,
            "blksize": asked.block_bytes,
            "rate": asked.rate_bps,
            **self._common_order(),
        }
        self._client = children.enter_context(Child(self._ends.client, order))

    def _follow(self) -> None:
        client = _there(self._client)
        self._pump_until("ready", client, _START_UP_NS, "the iperf3 client did not start")
        patience_ns = self._parameters.connect_timeout_ns + _DIALOGUE_NS
        self._pump_until("started", client, patience_ns, f"{self._named_server} did not begin the test")
        test_ns = self._seconds * NANOSECONDS_PER_SECOND + _RESULTS_NS
        self._pump_until("result", client, test_ns, f"{self._named_server} did not end the test")
        self._check_result(client)
        if self._server is not None:
            self._pump_until("result", self._server, _FAR_RESULT_NS, "the iperf3 server kept its result to itself")
        self._check_account(client)

    def _pump_until(self, event: str, child: Child, patience_ns: int, complaint: str) -> None:
        """Handle events until ``child`` told that one; its result, or its end, ends the wait in any case."""
        limit_ns = time.monotonic_ns() + patience_ns
        while child.result is None:
            if self._control.stopped:
                raise _Failed("stopped before the end")
            if child.has_ended:
                raise _Failed(f"an iperf3 process {child.ending()}")
            if time.monotonic_ns() > limit_ns:
                raise _Failed(f"{complaint} within {patience_ns / NANOSECONDS_PER_SECOND:g} s")
            if self._handle(pump(self._children, _LOOK_SECONDS), event, child):
                return
        if event != "result":
            self._check_result(child)

    def _handle(self, told_now: Sequence[tuple[Child, Event]], awaited: str, child: Child) -> bool:
        seen = False
        for teller, event in told_now:
            seen = seen or (teller is child and event["event"] == awaited)
            if event["event"] == "listening":
                self._port = event["port"]
            if event["event"] == "interval":
                is_sender = (teller is self._client) != self._ends.reverse
                self._hand_over(self._joiner.sender(event) if is_sender else self._joiner.receiver(event))
        return seen

    def _check_result(self, child: Child) -> None:
        result = child.result or {}
        reason = result.get("error") or told(result.get("json")).error
        if reason:
            raise _Failed(f"{self._named_server}: {explained(reason)}")

    def _check_account(self, client: Child) -> None:
        account = told((client.result or {}).get("json"))
        wrong = contradiction(account, congestion_control=self._parameters.congestion_control, acked_bytes=self._received_bytes)
        if wrong is not None:
            raise _Failed(wrong)

    def _hand_over(self, rows: Sequence[Row]) -> None:
        if rows:
            self._rows += len(rows)
            self._received_bytes += sum(row.received_bytes for row in rows)
            self._take(rows)

    def _evidence(self) -> Mapping[str, bytes]:
        ends = {"client": self._client, "server": self._server}
        texts = {end: child.result["json"] for end, child in ends.items() if child is not None and child.result is not None}
        return {end: text.encode() for end, text in texts.items() if text}

    def _common_order(self) -> Mapping[str, Any]:
        return {
            "streams": self._parameters.streams,
            "first_ns": self._parameters.omit_ns,
            "interval_ns": self._schedule.interval_ns,
            "count": self._schedule.count,
            "deadline_s": self._seconds + 60,
        }

    @property
    def _seconds(self) -> int:
        """How long iperf3 sends: it counts whole seconds."""
        return -(-(self._parameters.omit_ns + self._schedule.duration_ns) // NANOSECONDS_PER_SECOND)

    @property
    def _named_server(self) -> str:
        return f"the iperf3 server at {self._ends.host} port {self._port}"

    @property
    def _children(self) -> list[Child]:
        return [child for child in (self._server, self._client) if child is not None]


def _there(child: Child | None) -> Child:
    if child is None:
        raise _Failed("no iperf3 client was started")
    return child
