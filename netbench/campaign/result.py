"""What comes of a campaign."""

from dataclasses import dataclass
from pathlib import Path

from netbench.campaign.document import Document


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """The sealed document and the exit code that says the same in a number."""

    document: Document
    exit_code: int
    folder: Path
