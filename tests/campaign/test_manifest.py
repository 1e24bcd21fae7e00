"""A reader months later finds what a run was made with."""

from pathlib import Path
from typing import Any, cast

import pytest

from netbench.analysis import engine, twin
from netbench.campaign.manifest import manifest_facts
from netbench.campaign.options import CampaignOptions
from netbench.linux.clockstate import ClockState


def test_the_kernels_that_compute_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be compiled the run says that numpy computed its figures."""
    options = CampaignOptions(results=Path("results"), seed=7)
    monkeypatch.setattr("netbench.campaign.manifest.kernels", lambda: twin)

    facts = cast("dict[str, Any]", manifest_facts(options, ClockState(True, 6_818, "chrony", "192.168.1.1", -1_500)))

    assert facts["statistics"] == "numpy"
    assert facts["options"]["seed"] == 7
    assert (facts["clock"]["source"], facts["clock"]["error_ns"]) == ("chrony", 6_818)
    assert engine.kernels().NAME == "numba"  # where numba is installed and works, as here, nothing falls back
