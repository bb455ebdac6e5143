"""How a receiver is named in messages."""


def url(scheme: str, host: str, port: int, path: str = "") -> str:
    return f"{scheme}://[{host}]:{port}{path}" if ":" in host else f"{scheme}://{host}:{port}{path}"


def reason(error: Exception) -> str:
    """An exception in words; some have no text of their own."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
