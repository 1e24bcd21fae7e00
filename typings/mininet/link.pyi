from typing import Any

from mininet.node import Node

class Intf:
    name: str
    node: Node
    def __init__(self, name: str, node: Node | None = None, **params: Any) -> None: ...
    def config(self, **params: Any) -> dict[str, object]: ...
    def ifconfig(self, *arguments: str) -> str: ...
    def updateIP(self) -> str | None: ...

class Link:
    intf1: Intf
    intf2: Intf
    def __init__(self, node1: Node, node2: Node, **params: Any) -> None: ...
    def makeIntfPair(
        self,
        intfname1: str,
        intfname2: str,
        addr1: str | None = None,
        addr2: str | None = None,
        node1: Node | None = None,
        node2: Node | None = None,
        deleteIntfs: bool = True,
    ) -> None: ...
    def delete(self) -> None: ...
    def stop(self) -> None: ...

class TCLink(Link): ...
