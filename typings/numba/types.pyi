class Type:
    def __call__(self, *arguments: Type) -> Type: ...

class CPointer(Type):
    def __init__(self, to: Type) -> None: ...

class ExternalFunction(Type):
    def __init__(self, symbol: str, signature: Type) -> None: ...

int32: Type
uint32: Type
intp: Type
