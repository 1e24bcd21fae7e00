"""At which sites this host is: as somebody says, since no host knows it of itself."""

from collections.abc import Sequence

from netbench.errors import UsageError
from netbench.live.model import Inventory


def whereabouts(inventory: Inventory, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the sites that were asked for, else those that the inventory names.

    :raises UsageError: when there are none, or the inventory does not know them
    """
    here = tuple(asked) or inventory.here
    unknown = [site for site in here if site not in inventory.sites]
    if unknown:
        raise UsageError(f"--here {unknown[0]}: the inventory has no such site; it has {', '.join(inventory.sites)}")
    if not here:
        raise UsageError("nobody says at which site this host is; add 'here: SITE' to the inventory, or --here SITE")
    return here
