"""What ``irtt client -o FILE`` writes: every round trip with its timestamps, as packets.

Where all four instants of the wall clocks are there, each way has its own delay, as far as the two clocks allow; the round trip
is what both add up to. Else only irtt's round trip is known, which is by its monotonic clock and free of the server's own time.
"""

from typing import Any

from netbench.errors import InputError
from netbench.foreign.attempts import Attempt, columns_of
from netbench.foreign.model import Content, Span, Subject
from netbench.foreign.structure import mapping, maybe_whole, sequence, whole
from netbench.foreign.tables import parsed_json
from netbench.measure.samples import Fate

_FATES = {"false": Fate.ANSWERED, "true": Fate.LOST, "true_up": Fate.LOST_FORWARD, "true_down": Fate.LOST_REVERSE}


def read_irtt(text: str, file: str) -> Content:
    """Return the round trips of one session of irtt.

    :raises InputError: naming the round trip that is none of irtt's
    """
    root = mapping(parsed_json(text, file), file, "")
    if "round_trips" not in root:
        raise InputError("there are no round_trips in it: irtt writes them with -o, unless it was given -Q twice", file=file)
    trips = sequence(root["round_trips"], file, "round_trips")
    attempts = [_attempt(trip, file, f"round_trips[{number}]") for number, trip in enumerate(trips)]
    if not attempts:
        raise InputError("there is no round trip in it", file=file, place="round_trips")
    _check_once(attempts, file)
    by_arrival = sorted((each for each in attempts if each.arrival is not None), key=lambda each: each.arrival or 0)
    for number, each in enumerate(by_arrival):
        each.arrival = number
    instants = [each.sent_ns for each in attempts]
    subject = Subject(_target(root, file), "1", (), columns_of(attempts), resolution_ns=1)
    return Content((subject,), Span(min(instants), max(instants)), len(attempts))


def _check_once(attempts: list[Attempt], file: str) -> None:
    seen = set[int]()
    for number, each in enumerate(attempts):
        if each.sequence in seen:
            raise InputError(f"the sequence number {each.sequence} is there twice", file=file, place=f"round_trips[{number}]")
        seen.add(each.sequence)


def _target(root: dict[str, Any], file: str) -> str | None:
    config = mapping(root.get("config", {}), file, "config")
    address = config.get("remote_address")
    return address if isinstance(address, str) else None


def _attempt(value: Any, file: str, place: str) -> Attempt:
    trip = mapping(value, file, place)
    lost = str(trip.get("lost")).lower()
    if lost not in _FATES:
        raise InputError(f"{lost!r} is none of {', '.join(_FATES)}", file=file, place=place, column="lost")
    stamps = mapping(trip.get("timestamps", {}), file, f"{place}.timestamps")
    sent_ns, arrived_ns = _stamp(stamps, "client", "send", file, place), _stamp(stamps, "client", "receive", file, place)
    if sent_ns is None:
        raise InputError("nothing says when it was sent", file=file, place=place, column="timestamps.client.send.wall")
    found = Attempt(_sequence(trip, file, place), _FATES[lost], sent_ns)
    return found if found.fate is not Fate.ANSWERED else _answered(found, trip, stamps, arrived_ns, file, place)


def _sequence(trip: dict[str, Any], file: str, place: str) -> int:
    number = whole(trip.get("seqno"), file, place, "seqno")
    if number >= 1 << 32:
        raise InputError("no sequence number is so great", file=file, place=place, column="seqno")
    return number


def _answered(  # noqa: PLR0917 - one answer, and where it stands
    found: Attempt, trip: dict[str, Any], stamps: dict[str, Any], arrived_ns: int | None, file: str, place: str
) -> Attempt:
    there, back = _stamp(stamps, "server", "receive", file, place), _stamp(stamps, "server", "send", file, place)
    found.arrival = arrived_ns
    if there is not None and back is not None and arrived_ns is not None:
        found.forward_ns, found.residence_ns, found.reverse_ns = there - found.sent_ns, back - there, arrived_ns - back
    else:
        delays = mapping(trip.get("delay", {}), file, f"{place}.delay")
        found.round_trip_ns = whole(delays.get("rtt"), file, place, "delay.rtt")
    return found


def _stamp(stamps: dict[str, Any], end: str, event: str, file: str, place: str) -> int | None:
    at = f"{place}.timestamps.{end}"
    stamp = mapping(mapping(stamps.get(end, {}), file, at).get(event, {}), file, f"{at}.{event}")
    return maybe_whole(stamp.get("wall"), file, f"{at}.{event}", "wall")
