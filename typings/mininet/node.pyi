from subprocess import Popen
from typing import Any, ClassVar, TextIO

from mininet.link import Intf

class Node:
    inToNode: ClassVar[dict[int, Node]]
    outToNode: ClassVar[dict[int, Node]]
    name: str
    nameToIntf: dict[str, Intf]
    params: dict[str, Any]
    pid: int
    shell: Popen[bytes] | None
    stdin: TextIO
    def __init__(self, name: str, inNamespace: bool = True, **params: Any) -> None: ...
    def config(self, **params: Any) -> dict[str, object]: ...
    def terminate(self) -> None: ...
    def cmd(self, *arguments: str) -> str: ...
