"""TLS contexts from the settings of plugins, under their old names and their new ones."""

import ssl

# What the settings for client certificates of inputs say: asked for and demanded, asked for, or not asked for.
_DEMANDED, _ASKED = ("required", "force_peer", "true"), ("optional", "peer")


def _first(parameters: dict, *names: str):
    return next((parameters[name] for name in names if parameters.get(name) not in (None, "", [])), None)


def wanted(parameters: dict) -> bool:
    """Whether the plugin's settings turn TLS on."""
    return str(_first(parameters, "ssl_enabled", "ssl_enable", "ssl") or "false").lower() == "true"


def server(parameters: dict, clients: str) -> ssl.SSLContext:
    """The context of an input; `clients` is the default for their certificates. Raises OSError for unreadable files.

    A client without a certificate that is demanded, or with one of another authority, ends its handshake.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        _first(parameters, "ssl_certificate", "ssl_cert"),
        _first(parameters, "ssl_key"),
        _first(parameters, "ssl_key_passphrase"),
    )
    chosen = _first(parameters, "ssl_client_authentication", "ssl_verify_mode", "verify_mode", "ssl_verify")
    for path in _paths(_first(parameters, "ssl_certificate_authorities", "ssl_extra_chain_certs")):
        context.load_verify_locations(path)
    asked = str(chosen if chosen is not None else clients).lower()
    if asked in _DEMANDED:
        context.verify_mode = ssl.CERT_REQUIRED
    elif asked in _ASKED:
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client(parameters: dict, verify: str = "full") -> ssl.SSLContext:
    """The context of an output, or of an input that connects. Raises OSError for files that can't be read.

    `verify` is the default: "full", "none", or "chain", which is without the receiver's name. Without an authority
    those of the system count, for which SSL_CERT_FILE may stand.
    """
    authorities = _paths(_first(parameters, "ssl_certificate_authorities", "cacert", "ssl_cacert"))
    context = ssl.create_default_context(cafile=authorities[0] if authorities else None)
    for path in authorities[1:]:
        context.load_verify_locations(path)
    chosen = str(_first(parameters, "ssl_verification_mode") or verify)
    context.check_hostname = chosen == "full"
    context.verify_mode = ssl.CERT_NONE if chosen == "none" else ssl.CERT_REQUIRED
    certificate = _first(parameters, "ssl_certificate", "client_cert", "ssl_cert")
    if certificate:
        context.load_cert_chain(certificate, _first(parameters, "ssl_key", "client_key"))
    return context


def _paths(value) -> list[str]:
    return [str(path) for path in value] if isinstance(value, list) else [str(value)] if value else []
