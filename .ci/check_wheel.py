#!/usr/bin/env python3
"""Says whether a wheel holds what it must and nothing else: .ci/check_wheel.py WHEEL."""

import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGES = {
    "netbench": Path("netbench"),
    "netbench_probes": Path("probes/netbench_probes"),
    "netbench_topologies": Path("topologies/netbench_topologies"),
}


def expected(package: str, folder: Path) -> set[str]:
    """Return the names inside the wheel of every file that git knows, or would take, below the package's folder."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", str(folder)], check=True, capture_output=True, text=True
    )
    existing = [Path(line) for line in listing.stdout.splitlines() if Path(line).is_file()]
    return {f"{package}/{path.relative_to(folder)}" for path in existing}


def faults(names: set[str]) -> list[str]:
    """Return one sentence for each thing that is wrong with a wheel of these names."""
    top = {name.split("/")[0] for name in names}
    strangers = sorted(name for name in top if name not in PACKAGES and not name.endswith(".dist-info"))
    wanted = set[str]().union(*(expected(package, folder) for package, folder in PACKAGES.items()))
    kinds = {suffix: any(name.endswith(suffix) for name in names) for suffix in (".yaml", ".po", ".schema.json")}
    return [
        *(f"{name} does not belong at the top of a wheel" for name in strangers),
        *(f"{name} is missing" for name in sorted(wanted - names)),
        *(f"there is no {suffix} file at all" for suffix, found in kinds.items() if not found),
    ]


def main(wheel: str) -> int:
    """Print the faults of the wheel, or how many files it has; return 1 when there are faults."""
    names = set(zipfile.ZipFile(wheel).namelist())
    found = faults(names)
    print("\n".join(found) if found else f"{Path(wheel).name}: {len(names)} files, all that belong and nothing else")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
