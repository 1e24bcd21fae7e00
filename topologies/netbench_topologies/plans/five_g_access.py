"""Writes the traces that ``mobile.yaml`` follows: `python -m netbench_topologies.plans.five_g_access` makes them anew.

They are synthetic. Nobody measured them: they are what a walk through a 5G cell may look like, made so that the averages are
those of published figures and the seed decides the rest.

- Rate: a slow fade (a first-order autoregressive process, 8 dB of spread, half forgotten in 5 s) under the link's peak rate; the
  mean is near what CAICT measured nationwide in early 2022, 335 Mbit/s down and 70 Mbit/s up.
- Delay: the 4 ms user-plane budget of ITU-R M.2410 for eMBB, 2 ms of transport, and up to 8 ms of retransmission in a deep fade.
- Loss: 0.01 % in the open, up to 1 % at the edge of the cell.
- Two handovers a minute: 200 ms at a fifth of the rate, 30 ms more delay, and 2 % loss.
"""

import math
import random
from collections.abc import Iterator
from pathlib import Path

SEED = 20240601
STEP_MS, STEPS = 100, 600
HANDOVERS = (217, 489)
HANDOVER_STEPS = 2
SPREAD_DB, HALF_LIFE_MS = 8.0, 5000

REMARK = "# Synthetic: made by ../five_g_access.py, which says what it is modelled on; measured by nobody.\n"


def fades(chance: random.Random) -> Iterator[float]:
    """Yield how deep the fade is, 0 (none) to 1 (the edge of the cell), step by step."""
    memory = 0.5 ** (STEP_MS / HALF_LIFE_MS)
    level = chance.gauss(0, 1)
    while True:
        yield 1 / (1 + 10 ** (-(level * SPREAD_DB - 6) / 10))
        level = memory * level + math.sqrt(1 - memory**2) * chance.gauss(0, 1)


def rows(direction: str, peak_mbps: float) -> Iterator[str]:
    """Yield the lines of one direction."""
    depth = fades(random.Random(f"{SEED}/{direction}"))
    for step in range(STEPS):
        fade = next(depth)
        handover = any(start <= step < start + HANDOVER_STEPS for start in HANDOVERS)
        rate = peak_mbps * (1 - 0.9 * fade) * (0.2 if handover else 1)
        delay = 6 + 8 * fade + (30 if handover else 0)
        loss = 2 if handover else 0.01 * 100**fade
        yield f"{step * STEP_MS}ms,{delay:.2f}ms,{rate:.1f}M,{loss:.3f}%"


def main() -> None:
    """Write both files into the folder ``traces`` beside this one."""
    for direction, peak_mbps in (("down", 500.0), ("up", 85.0)):
        lines = "\n".join(("time,delay,rate,loss", *rows(direction, peak_mbps)))
        (Path(__file__).parent / "traces" / f"5g-access-{direction}.csv").write_text(REMARK + lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
