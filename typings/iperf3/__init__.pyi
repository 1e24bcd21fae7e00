import ctypes

class IPerf3:
    lib: ctypes.CDLL
    _test: int
    role: str
    bind_address: str
    port: int
    json_output: bool
    verbose: bool
    @property
    def iperf_version(self) -> str: ...
    @property
    def _errno(self) -> int: ...
    def _error_to_string(self, error_id: int) -> str: ...

class Client(IPerf3):
    server_hostname: str
    duration: int
    num_streams: int
    blksize: int
    reverse: bool
    def __init__(self, *, verbose: bool = True) -> None: ...

class Server(IPerf3):
    def __init__(self, *, verbose: bool = True) -> None: ...
