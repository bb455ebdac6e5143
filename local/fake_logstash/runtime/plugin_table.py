"""Which plugins are installed, and what the settings of some of them are.

The installed ones are those of Gemfile's lock, see gemfile.

A plugin is checked as far as this table goes: one that it does not name accepts any setting.
"""

from pathlib import Path

from . import gemfile, log, plugin_options
from .errors import ConfigurationError, PluginLoadingError

# What integration plugins bring along, and what is in the core itself.
INTEGRATIONS = {
    "logstash-integration-aws": (
        "codec-cloudfront codec-cloudtrail input-cloudwatch input-s3 input-sqs output-cloudwatch output-s3 output-sns "
        "output-sqs"
    ),
    "logstash-integration-elastic_enterprise_search": "output-elastic_app_search output-elastic_workplace_search",
    "logstash-integration-jdbc": "input-jdbc filter-jdbc_streaming filter-jdbc_static",
    "logstash-integration-kafka": "input-kafka output-kafka",
    "logstash-integration-logstash": "input-logstash output-logstash",
    "logstash-integration-rabbitmq": "input-rabbitmq output-rabbitmq",
    "logstash-integration-snmp": "input-snmp input-snmptrap",
}
_CORE = {"input-pipeline", "output-pipeline", "input-java_generator", "input-java_stdin", "output-java_stdout"}

_COMMON = {
    "input": "add_field codec enable_metric id tags type",
    "filter": "add_field add_tag enable_metric id periodic_flush remove_field remove_tag",
    "output": "codec enable_metric id workers",
    "codec": "enable_metric id",
}
_SERVER_TLS = (
    "ssl ssl_cert ssl_certificate ssl_certificate_authorities ssl_cipher_suites ssl_client_authentication ssl_enable "
    "ssl_enabled ssl_extra_chain_certs ssl_handshake_timeout ssl_key ssl_key_passphrase ssl_keystore_password "
    "ssl_keystore_path ssl_keystore_type ssl_peer_metadata ssl_supported_protocols ssl_truststore_password "
    "ssl_truststore_path ssl_truststore_type ssl_verify ssl_verify_mode ssl_verification_mode tls_max_version "
    "tls_min_version cipher_suites keystore keystore_password"
)
_CLIENT_HTTP = (
    "automatic_retries cacert client_cert client_key connect_timeout cookies follow_redirects keepalive keystore "
    "keystore_password keystore_type password pool_max pool_max_per_route proxy request_timeout retry_non_idempotent "
    "socket_timeout ssl_certificate ssl_certificate_authorities ssl_cipher_suites ssl_enabled ssl_key "
    "ssl_keystore_password ssl_keystore_path ssl_keystore_type ssl_supported_protocols ssl_truststore_password "
    "ssl_truststore_path ssl_truststore_type ssl_verification_mode truststore truststore_password truststore_type user "
    "validate_after_inactivity"
)
# Settings beside the common ones; `*` marks those that must be given.
_SETTINGS = {
    "input-http": "host port user password additional_codecs response_headers response_code threads ecs_compatibility "
    "max_content_length max_pending_requests verify_mode remote_host_target_field request_headers_target_field "
    + _SERVER_TLS,
    "input-tcp": "host port* mode proxy_protocol tcp_keep_alive dns_reverse_lookup_enabled data_timeout "
    "ecs_compatibility " + _SERVER_TLS,
    "input-file": "path* exclude start_position sincedb_path sincedb_write_interval stat_interval discover_interval "
    "delimiter close_older ignore_older max_open_files mode file_completed_action file_completed_log_path "
    "file_chunk_count file_chunk_size file_sort_by file_sort_direction sincedb_clean_after exit_after_read "
    "check_archive_validity ecs_compatibility",
    "input-redis": "batch_count command_map data_type* db host key* password path port ssl threads timeout",
    "input-generator": "count lines message threads ecs_compatibility",
    "input-stdin": "ecs_compatibility",
    "input-pipeline": "address*",
    "filter-csv": "autodetect_column_names autogenerate_column_names columns convert ecs_compatibility quote_char "
    "separator skip_empty_columns skip_empty_rows skip_header source target",
    "filter-date": "locale match precision tag_on_failure target timezone",
    "filter-dissect": "convert_datatype mapping tag_on_failure",
    "filter-drop": "percentage",
    "filter-json": "source* target skip_on_invalid_json tag_on_failure ecs_compatibility",
    "filter-mutate": "capitalize coerce convert copy gsub join lowercase merge rename replace split strip "
    "tag_on_failure update uppercase",
    "output-file": "path* create_if_deleted dir_mode file_mode filename_failure flush_interval gzip "
    "stale_cleanup_interval write_behavior message_format",
    "output-http": "url* http_method* content_type format headers http_compression ignorable_codes mapping message "
    "retry_failed retryable_codes ecs_compatibility " + _CLIENT_HTTP,
    "output-pipeline": "send_to* ensure_delivery",
    "output-redis": "batch batch_events batch_timeout congestion_interval congestion_threshold data_type db host key "
    "password port reconnect_interval shuffle_hosts timeout ssl_certificate ssl_certificate_authorities "
    "ssl_cipher_suites ssl_enabled ssl_key ssl_key_passphrase ssl_supported_protocols ssl_verification_mode",
    "output-stdout": "",
    "output-tcp": "host* port* mode reconnect_interval ssl_cacert " + _SERVER_TLS,
    "codec-json": "charset target ecs_compatibility",
    "codec-json_lines": "charset delimiter target decode_size_limit_bytes ecs_compatibility",
    "codec-line": "charset delimiter format ecs_compatibility",
    "codec-plain": "charset format ecs_compatibility",
    "codec-rubydebug": "metadata",
}
_NUMBERS = {"port", "count", "threads", "stat_interval", "discover_interval", "workers", "flush_interval", "percentage"}
_BOOLEANS = {"ssl", "ssl_enable", "ssl_enabled", "enable_metric", "gzip", "http_compression", "tcp_keep_alive"}


def installed(home: Path) -> dict[str, str]:
    """The installed gems and their versions."""
    return {name: gem.version for name, gem in gemfile.read(home).items()}


def available(home: Path, release: tuple[int, int, int]) -> dict[str, str]:
    """Every plugin that can be used, as `input-http`, with its version."""
    names = dict.fromkeys(_CORE, "") if release >= (6, 0, 0) else {}
    for gem, version in installed(home).items():
        names[gem.removeprefix("logstash-")] = version
        names.update(dict.fromkeys(INTEGRATIONS.get(gem, "").split(), version))
    return names


def check(available_names: dict[str, str], kind: str, name: str, parameters: dict) -> None:
    """Raises PluginLoadingError for a plugin that is not there, ConfigurationError for bad settings."""
    if f"{kind}-{name}" not in available_names:
        log.error("logstash.plugins.registry", "Unable to load plugin.", {":type": kind, ":name": name})
        raise PluginLoadingError(
            f"Unable to configure plugins: (PluginLoadingError) Couldn't find any {kind} plugin named '{name}'. Are "
            f"you sure this is correct? Trying to load the {name} {kind} plugin resulted in this error: Unable to load "
            f"the requested plugin named {name} of type {kind}. The plugin is not installed."
        )
    if f"{kind}-{name}" not in _SETTINGS:
        return
    known = f"{_COMMON[kind]} {_SETTINGS[f'{kind}-{name}']}".split()
    accepted = {setting.rstrip("*") for setting in known}
    logger = f"logstash.{kind}s.{name}"
    bad = False
    options = plugin_options.of_version(f"{kind}-{name}", available_names[f"{kind}-{name}"])
    for setting in parameters:
        if options.get(setting) == "obsolete":
            log.error(logger, f"The setting `{setting}` in plugin `{name}` is obsolete and is no longer available.")
            bad = True
        elif setting not in accepted or (options and setting in plugin_options.ever(f"{kind}-{name}") - options.keys()):
            log.error(logger, f"Unknown setting '{setting}' for {name}")
            bad = True
    for setting in known:
        if setting.endswith("*") and setting[:-1] not in parameters:
            missing = f"      {setting[:-1]} => # SETTING MISSING\n      ...\n"
            log.error(
                logger,
                f"Missing a required setting for the {name} {kind} plugin:\n\n  {kind} {{\n    {name} {{\n{missing}"
                "    }\n  }",
            )
            bad = True
    for setting, value in parameters.items():
        bad = _check_value(logger, kind, name, setting, value) or bad
    if bad:
        raise ConfigurationError(
            "Unable to configure plugins: (ConfigurationError) Something is wrong with your configuration."
        )


def _check_value(logger: str, kind: str, name: str, setting: str, value) -> bool:
    note, wanted = "", ""
    if setting in _NUMBERS and not _is_number(value):
        wanted, note = "number", f"Expected number, got {log.inspect(value)} (type {type(value).__name__})"
    elif setting in _BOOLEANS and str(value).lower() not in ("true", "false"):
        wanted, note = "boolean", f"Expected boolean 'true' or 'false', got {log.inspect([value])}"
    if wanted:
        log.error(
            logger,
            f"Invalid setting for {name} {kind} plugin:\n\n  {kind} {{\n    {name} {{\n      # This setting must be a "
            f"{wanted}\n      # {note}\n      {setting} => {log.inspect(value)}\n      ...\n    }}\n  }}",
        )
    return bool(wanted)


def _is_number(value) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
