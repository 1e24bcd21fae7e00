"""Finding probes and networks by entry point: listed without importing, loaded only when named."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, cast

from netbench.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    from netbench.measure.network import Network
    from netbench.measure.probe import Probe

PROBES = "netbench.probes"
NETWORKS = "netbench.networks"


def names(group: str) -> Sequence[str]:
    """Return the installed names of a group, sorted, importing none of them."""
    return sorted({found.name for found in entry_points(group=group)})


def probe(name: str) -> "type[Probe]":
    """Load one probe by name.

    :raises UsageError: when none is called that
    :raises UnsupportedError: when it is installed and does not load, or speaks another contract
    """
    return cast("type[Probe]", _load(PROBES, "probe", name))


def network(name: str) -> "type[Network]":
    """Load one network by name; raises as ``probe`` does."""
    return cast("type[Network]", _load(NETWORKS, "network", name))


def _load(group: str, kind: str, name: str) -> Any:
    found = [entry for entry in entry_points(group=group) if entry.name == name]
    if not found:
        raise UsageError(f"no {kind} is called {name!r}; installed are: {', '.join(names(group)) or 'none'}")
    owners = sorted({_owner(entry) for entry in found})
    if len(owners) > 1:
        raise UsageError(f"{kind} {name!r} comes from several packages ({', '.join(owners)}); uninstall all but one")
    return _checked(found[0], kind, name)


def _checked(entry: EntryPoint, kind: str, name: str) -> Any:
    try:
        loaded = entry.load()
    except Exception as error:
        raise UnsupportedError(f"{kind} {name!r} of package {_owner(entry)} does not load: {error}; reinstall it") from error
    if getattr(loaded, "API", None) != 1:
        raise UnsupportedError(
            f"{kind} {name!r} of package {_owner(entry)} speaks contract {getattr(loaded, 'API', 'none')}, not 1"
        )
    return loaded


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown package"
