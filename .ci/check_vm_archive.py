#!/usr/bin/env python3
"""Checks the archive that came out of the VM: ``check_vm_archive.py RESULTS``. Exits 1 at the first thing that is wrong."""

import json
import sys
from pathlib import Path
from typing import Any

from netbench.archive.reader import list_runs, open_run
from netbench.archive.verify import verify

RUNS = 2


def main(root: Path) -> None:
    """Every byte is as sealed, netem carried the links, and each is within its tolerance, in both directions."""
    entries = list_runs(root)
    assert len(entries) == RUNS, entries
    for entry in entries:
        run = open_run(root, entry.run)
        assert verify(root, run) == [], verify(root, run)
        document = run.document
        assert document is not None, entry
        assert document["wire"] == "netem", document["wire"]
        for link in document["links"]:
            check_link(link)
        orders = json.loads((entry.folder / "evidence" / "wire.json").read_text(encoding="utf-8"))
        assert orders["wire"] == "netem", orders
        switched = (entry.folder / "evidence" / "switches.txt").exists()
        print(f"{entry.run}: {entry.state}, netem, {len(document['links'])} links within tolerance{', over switches' * switched}")
    assert sum((entry.folder / "evidence" / "switches.txt").exists() for entry in entries) == 1, "one run is over switches"


def check_link(link: dict[str, Any]) -> None:
    """Both medians lie within the tolerance, which here is wide."""
    assert link["faithful"], link
    for asked, got in zip(link["asked"]["delay_ns"], link["got"]["delay_ns"], strict=True):
        assert abs(got["value"] - asked) <= link["tolerance_ns"], link


if __name__ == "__main__":
    main(Path(sys.argv[1]))
