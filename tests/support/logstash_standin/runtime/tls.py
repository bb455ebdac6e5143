"""TLS contexts from the settings of plugins, under their old names and their new ones."""

import ssl


def _first(parameters: dict, *names: str):
    return next((parameters[name] for name in names if parameters.get(name) not in (None, "")), None)


def wanted(parameters: dict) -> bool:
    """Whether the plugin's settings turn TLS on."""
    return str(_first(parameters, "ssl_enabled", "ssl_enable", "ssl") or "false").lower() == "true"


def server(parameters: dict) -> ssl.SSLContext:
    """The context of an input. Raises OSError for files that can't be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        _first(parameters, "ssl_certificate", "ssl_cert"),
        _first(parameters, "ssl_key"),
        _first(parameters, "ssl_key_passphrase"),
    )
    verify = str(
        _first(parameters, "ssl_client_authentication", "ssl_verify_mode", "verify_mode", "ssl_verify") or "none"
    )
    authorities = _first(parameters, "ssl_certificate_authorities")
    if authorities:
        for path in authorities if isinstance(authorities, list) else [authorities]:
            context.load_verify_locations(path)
        if verify not in ("none", "false"):
            context.verify_mode = ssl.CERT_OPTIONAL if verify in ("peer", "optional") else ssl.CERT_REQUIRED
    return context


def client(parameters: dict) -> ssl.SSLContext:
    """The context of an output. Raises OSError for files that can't be read."""
    authorities = _first(parameters, "ssl_certificate_authorities", "cacert", "ssl_cacert")
    if isinstance(authorities, list):
        authorities = authorities[0] if authorities else None
    context = ssl.create_default_context(cafile=authorities)
    if str(_first(parameters, "ssl_verification_mode", "ssl_verify") or "full") in ("none", "false"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate = _first(parameters, "ssl_certificate", "client_cert", "ssl_cert")
    if certificate:
        context.load_cert_chain(certificate, _first(parameters, "ssl_key", "client_key"))
    return context
