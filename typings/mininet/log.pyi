import logging

class MininetLogger(logging.Logger):
    ch: logging.Handler
    def setLogLevel(self, levelname: str | None = None) -> None: ...

lg: MininetLogger

def setLogLevel(levelName: str | None = None) -> None: ...
