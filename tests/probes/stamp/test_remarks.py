"""What is said beside the figures."""

from collections import Counter

import pytest

from netbench.report.language import retell
from netbench_probes.stamp.asking import Notes
from netbench_probes.stamp.remarks import Markings, remarks_of

HERE = ("192.0.2.1", 5000)
EF = 46 << 2
UNTOUCHED = Markings(EF, Counter({EF: 9}))


@pytest.mark.parametrize(
    ("there", "back", "notes", "expected"),
    [
        pytest.param(UNTOUCHED, UNTOUCHED, Notes(), [], id="nothing"),
        pytest.param(
            Markings(EF, Counter({0: 3, EF: 6})),
            Markings(None, Counter({0: 9})),
            Notes(),
            ["the network marked 3 of the packets anew on the way there: DSCP 46 became 0"],
            id="remarked there",
        ),
        pytest.param(
            UNTOUCHED,
            Markings(EF | 2, Counter({EF | 3: 2})),
            Notes(),
            ["2 of the packets came with another ECN field on the way back: 2 became 3"],
            id="congestion on the way back",
        ),
        pytest.param(
            UNTOUCHED,
            Markings(EF, Counter({0: 9})),
            Notes(dscp_refused=9),
            ["the far end did not mark 9 of its replies as it was asked"],
            id="a policy is not the network",
        ),
        pytest.param(
            UNTOUCHED,
            UNTOUCHED,
            Notes(unrecognised=1, malformed=2, unsealed=3, told={"location": {"source": "198.51.100.7", "source_port": 6000}}),
            [
                "the far end did not understand 1 of the TLVs that it was asked",
                "2 replies had malformed TLVs, which were not read",
                "3 replies had TLVs that no key vouches for, which were not used",
                "the far end sees this host at 198.51.100.7 port 6000",
            ],
            id="what the far end says",
        ),
    ],
)
def test_remarks(there: Markings, back: Markings, notes: Notes, expected: list[str]) -> None:
    """Each finding is one sentence, and every sentence has its Chinese."""
    said = remarks_of(there, back, notes, HERE)

    assert list(said) == expected
    assert all(retell(sentence, "zh") != sentence for sentence in said)


def test_our_own_address_is_no_news() -> None:
    """Without a translator on the way there is nothing to say of it."""
    notes = Notes(told={"location": {"source": HERE[0], "source_port": HERE[1]}})

    assert remarks_of(UNTOUCHED, UNTOUCHED, notes, HERE) == ()
