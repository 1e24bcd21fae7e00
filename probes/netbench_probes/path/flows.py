"""What is known of each flow of a pair, and which flow to ask next."""

from dataclasses import dataclass, field

from netbench.analysis.branches import nodes
from netbench.linux.icmp_errors import Saying
from netbench_probes.path.rounds import ENDS, Round


@dataclass(slots=True)
class _Flow:
    """``free`` hops are known to be there (0 before it was followed); ``ends`` says that the last of them ended the way."""

    free: int = 0
    ends: bool = False
    trail: dict[int, str] = field(default_factory=dict[int, str])


class Flows:
    """Takes new flows until the stopping rule rules out further branches, then the same ones in turn."""

    def __init__(self, most: int, confidence: float) -> None:
        """No flow yet; never more than ``most``."""
        self._most = most
        self._confidence = confidence
        self._known: list[_Flow] = []
        self.decided = False
        """Whether further branches were ruled out."""

    def __len__(self) -> int:
        return len(self._known)

    def next_round(self, sequence: int) -> Round:
        """Return round ``sequence``, of the flow whose turn it is."""
        flow = self._choose(sequence)
        while len(self._known) <= flow:
            self._known.append(_Flow())
        free = self._known[flow].free or max((each.free for each in self._known if each.ends), default=0)
        return Round(sequence, flow, free, exploring=not free)

    def learn(self, round_: Round, hop: int, address: str, saying: Saying) -> None:
        """Note who answered at a hop of a flow."""
        known = self._known[round_.flow]
        if round_.end is not None and hop > round_.end:
            return  # asked before it was known where the way ends
        if saying in ENDS:
            known.free, known.ends = hop, True
            known.trail = {each: who for each, who in known.trail.items() if each < hop}
        elif saying is not Saying.EXPIRED:
            return
        elif known.ends and hop >= known.free:
            known.free, known.ends = hop + 1, False  # the way has become longer
        known.trail[hop] = address

    def explored(self, round_: Round) -> None:
        """Note that a round has come as far as it could."""
        known = self._known[round_.flow]
        if round_.exploring and not known.ends:
            known.free = max(known.free, round_.furthest + 1)

    def _choose(self, sequence: int) -> int:
        if not self.decided:
            found = nodes([known.trail for known in self._known], self._confidence)
            self.decided = bool(found) and all(node.decided for node in found)
        if not self.decided and len(self._known) < self._most:
            return len(self._known)
        return sequence % len(self._known)
