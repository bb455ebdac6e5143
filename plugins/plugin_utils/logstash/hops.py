"""The ways that events take between the layers: which are open, and what about their variables can't work.

A hop is open where events go in clear text, or where a receiver takes them from anybody. Which hops a host has
follows from the
pipeline templates that it gets; templates of one's own have none that are known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ...module_utils.logstash.versions import Version, shown
from . import plugin_settings

# Templates below templates/logstash/, and the log shipper for load balancers as if it were one.
INPUT, SHIPPER, TO_REDIS, FROM_REDIS, TO_ELASTICSEARCH, FUNCTION = (
    "broker/input.conf", "shipper/output.conf", "broker/output-redis.conf", "indexer/input.conf",
    "shared/output-elasticsearch.conf", "log shipper for load balancers",
)  # fmt: skip

SWITCHES = {
    INPUT: ["LogTls"],
    SHIPPER: ["LogTls"],
    FUNCTION: ["LogTls"],
    TO_REDIS: ["RedisTls"],
    FROM_REDIS: ["RedisTls"],
}
LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|\[?::1\]?")
IN_TLS_FILES = re.compile(r"\$\{LOGSTASH_TLS_PATH\}/(?P<name>[^/]+)")
# What tells how a plugin is called in messages.
PLUGINS = {
    "TcpInput": "tcp input",
    "HttpInput": "http input",
    "TcpOutput": "tcp output",
    "HttpOutput": "http output",
    "RedisInput": "redis input",
    "RedisOutput": "redis output",
    "ElasticsearchOutput": "elasticsearch output",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be deployed to one host.

    ``value`` gives the value of an Octopus variable for the host, empty where it has none. ``tls_files`` has the names
    of logstash_tls_files, and ``keys`` those with a key, as ``certificates.kinds_of_keys`` gives them. ``secret_arns``
    is what the function may read. ``api_host`` is the address of the node API, empty for none, and ``settings`` are
    those of logstash.yml by their names.
    """

    value: Callable[[str], str]
    templates: Collection[str]
    version: Version
    tls_files: Collection[str] = ()
    secret_arns: Collection[str] = ()
    keys: Mapping[str, tuple[bool, str]] = field(default_factory=dict)
    api_host: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.value(name).strip().lower() == "true"


def open_hops(wanted: Wanted) -> list[str]:
    """A line for each hop that is open: from, to, port, why, and the variable that closes it."""
    events = [line for template in wanted.templates for line in _OPEN.get(template, _none)(wanted)]
    return [*events, *_open_node_api(wanted)]


def faults(wanted: Wanted) -> list[str]:
    """What is wrong with the variables of the hops: variable, value seen, form expected, hint."""
    found = [
        f"{name} is {wanted.value(name)!r}; expected true or false. Correct it, or leave it out for false."
        for template in wanted.templates
        for name in SWITCHES.get(template, ())
        if wanted.value(name).strip().lower() not in ("", "true", "false")
    ]
    return found or [line for template in wanted.templates for line in _FAULTS.get(template, _none)(wanted)]


def _none(_wanted: Wanted) -> Iterator[str]:
    yield from ()


# ---- open hops


def _open_input(wanted: Wanted) -> Iterator[str]:
    for kind, address, port in (
        ("tcp", wanted.value("LogTcpAddress"), wanted.value("LogTcpPort")),
        ("http", wanted.value("LogHttpAddress"), wanted.value("LogHttpPort")),
    ):
        if LOOPBACK.fullmatch(address):
            continue
        where = f"senders -> brokers, {kind} port {port} of {address or 'every address'}"
        password = kind == "http" and wanted.value("LogUser")
        shut = f"or shut the input (Log{kind.capitalize()}Address: 127.0.0.1)"
        if not wanted.on("LogTls"):
            more = ", the password of LogUser too" if password else " from anybody"
            yield f'{where}: events come in clear text{more}. Set LogTls to "true", {shut}.'
        elif not wanted.value("LogClientCa") and not password:
            also = " or LogUser" if kind == "http" else ""
            yield f"{where}: events are taken from anybody. Set LogClientCa{also}, {shut}."


def _open_sender(wanted: Wanted, sender: str) -> Iterator[str]:
    host = wanted.value("LogHost")
    if not wanted.on("LogTls") and not LOOPBACK.fullmatch(host):
        where = f"{sender} -> brokers, {wanted.value('LogTransport')} port {wanted.value('LogPort')} of {host}"
        yield f'{where}: events go in clear text. Set LogTls to "true".'


def _open_shipper(wanted: Wanted) -> Iterator[str]:
    return _open_sender(wanted, "shippers")


def _open_function(wanted: Wanted) -> Iterator[str]:
    return _open_sender(wanted, FUNCTION)


def _open_redis(wanted: Wanted, way: str) -> Iterator[str]:
    hosts = [host.strip() for host in wanted.value("RedisHost").split(",")]
    if not wanted.on("RedisTls") and not all(map(LOOPBACK.fullmatch, hosts)):
        where = f"{way}, port {wanted.value('RedisPort')} of {', '.join(hosts)}"
        password = ", the password too" if wanted.value("RedisPassword") else ", and Redis asks for no password"
        yield f'{where}: events go in clear text{password}. Set RedisTls to "true".'
    elif wanted.on("RedisTls") and not wanted.value("RedisPassword") and not wanted.value("RedisCertificate"):
        where = f"{way}, port {wanted.value('RedisPort')} of {', '.join(hosts)}"
        yield f"{where}: no password is sent, so that Redis takes events from anybody. Set RedisPassword."


def _open_to_redis(wanted: Wanted) -> Iterator[str]:
    return _open_redis(wanted, "brokers -> Redis")


def _open_from_redis(wanted: Wanted) -> Iterator[str]:
    return _open_redis(wanted, "Redis -> indexers")


def _open_elasticsearch(wanted: Wanted) -> Iterator[str]:
    for url in map(str.strip, wanted.value("ElasticsearchUrl").split(",")):
        scheme, _separator, rest = url.rpartition("://")
        host, _separator, port = rest.partition("/")[0].rpartition("@")[2].partition(":")
        where = f"brokers or indexers -> Elasticsearch, port {port or 9200} of {host}"
        if LOOPBACK.fullmatch(host):
            continue
        if scheme != "https":
            yield f"{where}: events go in clear text. Begin ElasticsearchUrl with https://."
        elif "@" not in rest and not any(
            map(wanted.value, ("ElasticsearchUser", "ElasticsearchApiKey", "ElasticsearchCertificate"))
        ):
            yield (
                f"{where}: nothing says who sends, so that Elasticsearch takes events from anybody. Set "
                "ElasticsearchUser or ElasticsearchApiKey."
            )


def _open_node_api(wanted: Wanted) -> Iterator[str]:
    if not wanted.api_host or LOOPBACK.fullmatch(wanted.api_host):
        return
    where = f"anybody -> node API of each host, which listens on {wanted.api_host}"
    if str(wanted.settings.get("api.ssl.enabled", False)).lower() != "true":
        yield f"{where}: it answers in clear text. Set logstash_api_host to 127.0.0.1, or api.ssl.enabled to true."
    elif wanted.settings.get("api.auth.type") != "basic":
        yield f"{where}: it answers anybody. Set logstash_api_host to 127.0.0.1, or api.auth.type to basic."


_OPEN: Mapping[str, Callable[[Wanted], Iterator[str]]] = {
    INPUT: _open_input,
    SHIPPER: _open_shipper,
    FUNCTION: _open_function,
    TO_REDIS: _open_to_redis,
    FROM_REDIS: _open_from_redis,
    TO_ELASTICSEARCH: _open_elasticsearch,
}


# ---- faults


def _input(wanted: Wanted) -> Iterator[str]:
    yield from _password(wanted)
    if not wanted.on("LogTls"):
        return
    yield from _files(wanted, "LogTls", "LogCertificate", "LogKey")
    yield from _pkcs8(wanted, "LogKey", "HttpInput")
    if wanted.value("LogClientCa"):
        yield from _files(wanted, "LogTls", "LogClientCa")
    if _has(wanted, "HttpInput", "KeyStore"):
        for name in ("LogKeyStore", "LogKeyStorePassword"):
            if not wanted.value(name):
                yield (
                    f"{name} is empty; expected a Java key store and its password, since the http input of Logstash "
                    f"{shown(wanted.version)} reads no other certificates "
                    f"({_releases('HttpInput', 'Certificate')}). Set "
                    "LogKeyStore and LogKeyStorePassword, or set LogTls to false."
                )


def _sender(wanted: Wanted) -> Iterator[str]:
    if wanted.on("LogTls"):
        yield from _files(wanted, "LogTls", "LogCa")
        if wanted.value("LogClientCertificate"):
            yield from _files(wanted, "LogTls", "LogClientCertificate", "LogClientKey")
            if wanted.value("LogTransport") == "http":
                yield from _pkcs8(wanted, "LogClientKey", "HttpOutput")
            else:
                yield from _rsa(wanted, "LogClientKey", "TcpOutput")


def _shipper(wanted: Wanted) -> Iterator[str]:
    yield from _sender(wanted)
    if wanted.value("LogUser") and wanted.value("LogTransport") == "http":
        yield from _password(wanted)
        if not _has(wanted, "HttpOutput", "User"):
            yield _lacks(wanted, "LogUser", "HttpOutput", "User", "user and password")


def _function(wanted: Wanted) -> Iterator[str]:
    names = ["LogCa", "LogClientCertificate", "LogClientKey"] if wanted.on("LogTls") else []
    names += ["LogPassword"] if wanted.value("LogHttpUser") else []
    references = [name for name in names if re.match(r"(secretsmanager|ssm):", wanted.value(name))]
    if references and not wanted.secret_arns:
        yield (
            f"{', '.join(references)} of the log shipper for load balancers refer to "
            f"{wanted.value(references[0])!r} and the "
            "like, but elb_log_shipper_secret_arns is empty, so that the function may read no secret. Name its ARN "
            "there."
        )
    if wanted.value("LogUser") and wanted.value("LogTransport") == "http":
        yield from _password(wanted)


def _password(wanted: Wanted) -> Iterator[str]:
    if wanted.value("LogUser") and not wanted.value("LogPassword"):
        yield (
            "LogPassword is empty, but LogUser has a name; expected a password. Set it to a name of "
            "logstash_keystore such as "
            "${LOG_PASSWORD}, or leave LogUser empty."
        )


def _redis(wanted: Wanted, plugin: str) -> Iterator[str]:
    if wanted.value("RedisUser"):
        yield (
            f"RedisUser is {wanted.value('RedisUser')!r}, but the {PLUGINS[plugin]} of no release can name a user "
            "of Redis's "
            "ACL; it sends a password alone, which makes it the user `default`. Leave RedisUser empty, and give "
            "`default` a "
            "password and the rights that are needed, as docs/network.md shows."
        )
    if not wanted.on("RedisTls"):
        return
    if not _has(wanted, plugin, "Tls"):
        yield _lacks(wanted, "RedisTls", plugin, "Tls", "TLS")
    if wanted.value("RedisCa"):
        yield from _files(wanted, "RedisTls", "RedisCa")


def _to_redis(wanted: Wanted) -> Iterator[str]:
    yield from _redis(wanted, "RedisOutput")
    if wanted.on("RedisTls") and wanted.value("RedisCertificate"):
        yield from _files(wanted, "RedisTls", "RedisCertificate", "RedisKeyFile")
        yield from _rsa(wanted, "RedisKeyFile", "RedisOutput")


def _from_redis(wanted: Wanted) -> Iterator[str]:
    yield from _redis(wanted, "RedisInput")
    if wanted.on("RedisTls") and wanted.value("RedisCertificate"):
        yield (
            "RedisCertificate has a value for indexers, but the redis input of no release can show a certificate. "
            "Scope it to "
            "brokers, and let Redis ask for none (tls-auth-clients optional)."
        )


def _elasticsearch(wanted: Wanted) -> Iterator[str]:
    if wanted.value("ElasticsearchApiKey"):
        if wanted.value("ElasticsearchUser"):
            yield (
                "ElasticsearchApiKey and ElasticsearchUser both have a value; expected one of them. Leave the other "
                "one empty."
            )
        if not _has(wanted, "ElasticsearchOutput", "ApiKey"):
            yield _lacks(wanted, "ElasticsearchApiKey", "ElasticsearchOutput", "ApiKey", "API keys")
        if any(not url.strip().startswith("https://") for url in wanted.value("ElasticsearchUrl").split(",")):
            yield (
                "ElasticsearchApiKey has a value, but not each address of ElasticsearchUrl begins with https://, "
                "without which "
                "the plugin refuses API keys. Correct the addresses, or leave the key empty."
            )
    if wanted.value("ElasticsearchCa"):
        yield from _files(wanted, "ElasticsearchCa", "ElasticsearchCa")
    if wanted.value("ElasticsearchCertificate"):
        yield from _files(wanted, "ElasticsearchCertificate", "ElasticsearchCertificate", "ElasticsearchKey")
        yield from _pkcs8(wanted, "ElasticsearchKey", "ElasticsearchOutput")
        if not _has(wanted, "ElasticsearchOutput", "Certificate"):
            yield _lacks(
                wanted,
                "ElasticsearchCertificate",
                "ElasticsearchOutput",
                "Certificate",
                "certificates of its own in PEM",
            )


_FAULTS: Mapping[str, Callable[[Wanted], Iterator[str]]] = {
    INPUT: _input,
    SHIPPER: _shipper,
    FUNCTION: _function,
    TO_REDIS: _to_redis,
    FROM_REDIS: _from_redis,
    TO_ELASTICSEARCH: _elasticsearch,
}


def _files(wanted: Wanted, switch: str, *names: str) -> Iterator[str]:
    """Each variable names a file; one below ${LOGSTASH_TLS_PATH} is one of logstash_tls_files."""
    for name in names:
        value = wanted.value(name)
        in_files = IN_TLS_FILES.fullmatch(value)
        if not value:
            yield f"{name} is empty, which {switch} needs; expected the path of a file on the host. Set it."
        elif in_files and in_files["name"] not in wanted.tls_files:
            known = ", ".join(sorted(wanted.tls_files)) or "nothing"
            yield (
                f"{name} is {value!r}, which {switch} needs, but logstash_tls_files has {known}; expected a file "
                f"{in_files['name']} there. Add it, or set {name} to the path of a file that is on the host."
            )


def _key(wanted: Wanted, variable: str) -> tuple[bool, str]:
    found = IN_TLS_FILES.fullmatch(wanted.value(variable))
    return wanted.keys.get(found["name"] if found else "", (True, ""))


def _pkcs8(wanted: Wanted, variable: str, plugin: str) -> Iterator[str]:
    if not _key(wanted, variable)[0]:
        yield (
            f"{variable} is {wanted.value(variable)!r}, whose key is not in PKCS#8; expected PKCS#8, the only form "
            "that the "
            f"{PLUGINS[plugin]} reads. Convert it: openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW."
        )


def _rsa(wanted: Wanted, variable: str, plugin: str) -> Iterator[str]:
    algorithm = _key(wanted, variable)[1]
    if algorithm not in ("", "RSA"):
        yield (
            f"{variable} is {wanted.value(variable)!r}, whose key is not of RSA; expected RSA, the only kind that the "
            f"{PLUGINS[plugin]} reads. Get a certificate for an RSA key, or set log_transport to http for shippers."
        )


def _has(wanted: Wanted, plugin: str, purpose: str) -> bool:
    return bool(plugin_settings.of(wanted.version)[plugin][purpose])


def _releases(plugin: str, purpose: str) -> str:
    return plugin_settings.releases(plugin, purpose)


def _lacks(wanted: Wanted, variable: str, plugin: str, purpose: str, what: str) -> str:
    return (
        f"{variable} is set, but the {PLUGINS[plugin]} of Logstash {shown(wanted.version)} has no {what}; releases "
        "that have: "
        f"{_releases(plugin, purpose)}. Set another logstash_version, or leave {variable} out."
    )
