"""The codes of messages: names for what went wrong that stay the same when a sentence is reworded.

A message begins with its code in brackets, as in ``[port_taken] logstash_input_ports has 5044, but ...``. A failed
module returns the codes of its message as ``codes``.
"""

from __future__ import annotations

import re

# {code: what it means}. A code is never reused for another meaning. `make reference` writes docs/reference/messages.md.
CODES = {
    # Variables of role logstash, checked on the control node.
    "version_invalid": "`logstash_version` is not one exact version.",
    "package_source_invalid": "`logstash_package_url` is neither an absolute path nor an address of a known kind.",
    "package_file_unusable": "The package file on the control node is missing, unreadable or has another checksum.",
    "checksum_invalid": "A checksum is missing, or not `sha256:` or `sha512:` with its hex digits.",
    "download_untrusted": "An address has no TLS, and its host is not in `logstash_trusted_mirrors`.",
    "fingerprint_invalid": "The fingerprint of a repository key is missing or not whole.",
    "archive_root_invalid": "`logstash_archive_root` is not a path that can be part of a command in a unit.",
    "pipelines_invalid": "`logstash_pipelines` is empty, repeats an id, or has a pipeline without templates.",
    "directory_invalid": "A path of Logstash's directories is not absolute, too short, or contains `..`.",
    "temporary_directory_invalid": "Java cannot use the path of its temporary directory.",
    "home_not_writable": "The confined service may not write to the HOME that `logstash_environment` sets.",
    "api_address_invalid": "The node API's port is wrong, or its password would leave the host unencrypted.",
    "number_out_of_range": "A timeout, an age or a count is outside its range.",
    "hook_missing": "A file of `logstash_drain_tasks` or `logstash_undrain_tasks` does not exist.",
    "port_invalid": "`logstash_input_ports` has something other than ports from 1 to 65535.",
    # The host, before the first change.
    "platform_not_read": "What the host runs on cannot be read.",
    "package_manager_unsupported": "The host has neither apt nor dnf, and `logstash_source` is not `archive`.",
    "systemd_missing": "The host is not run by systemd.",
    "java_missing": "`logstash_java_home` has no `bin/java` on the host.",
    "temporary_directory_unusable": "Java cannot load native libraries from its temporary directory.",
    "port_taken": "Another program listens on a port that Logstash needs.",
    "overrides_found": "Settings made by hand override those of the role (`logstash_overrides`).",
    # Images, before one is made of a host.
    "image_directory_shared": "A directory of Logstash's is one of the system's, which is not emptied for an image.",
    "image_not_cleared": "Something that must not be in an image could not be removed.",
    "image_leftover": "An image has something that belongs to a single machine, or to the bake.",
    "image_deployed": "An image has settings, a deployment record or another part of a deployment.",
    "image_secret": "A file of an image has a private key, a key of AWS or a value that is secret.",
    "image_names_machine": "A file of an image has a name or an address of the machine that it was baked on.",
    "image_key_authorized": "An image lets somebody in by an SSH key.",
    "image_service_wrong": "The service of an image runs, has run, is not enabled, or would start without settings.",
    "image_logstash_wrong": "Logstash or a plugin of an image has another version than asked for.",
    "image_manifest_failed": "The manifest of an image could not be made or written.",
    "record_unreadable": "The deployment record cannot be read, or others than root may write to its directory.",
    "record_not_written": "The deployment record cannot be written.",
    "releases_not_renamed": "Releases from an earlier version of the role could not be renamed.",
    "lock_unavailable": "The host's deployment lock cannot be read or written.",
    # Package, plugins, directories.
    "package_failed": "The package could not be found, fetched, installed or restored.",
    "archive_not_unpacked": "The archive could not be unpacked, or is not Logstash's.",
    "archive_not_activated": "The unit or the link for the version from an archive could not be written.",
    "custom_package_failed": "The package with your plugins could not be built.",
    "repository_key_not_fetched": "The repository's key could not be fetched.",
    "repository_key_refused": "The repository's key is not one, or not the one whose fingerprint is configured.",
    "repository_key_not_written": "The repository's key could not be written to the host.",
    "account_missing": "The service's user or group does not exist on the host.",
    "logstash_missing": "Logstash, or one of its programs, is not installed where it is expected.",
    "plugins_failed": "The plugins could not be changed. The former ones have been restored.",
    "plugins_not_restored": "A former set of plugins is not kept, or could not be restored.",
    "directory_refused": "A directory, or something above it, could be exchanged by another user.",
    "directory_not_created": "A directory could not be created, or its owner could not be repaired.",
    "directory_not_writable": "The service's user cannot write to a directory, so Logstash could not start.",
    "directory_not_checked": "Whether the service's user can write to a directory could not be found out.",
    "old_data_found": "A path changes, and data would be left behind (`logstash_old_data`).",
    "old_data_unreadable": "Data at the former path could not be looked through.",
    "old_data_not_moved": "Data could not be moved to its new path.",
    # Settings.
    "keystore_input_invalid": "A name, a value or the password cannot be stored in Logstash's keystore.",
    "keystore_failed": "The keystore could not be created.",
    "settings_path_invalid": "A file would be written outside of the settings directory.",
    "settings_refused": "The settings directory, or something in it, could be changed by others than root.",
    "settings_not_written": "The settings could not be written.",
    "settings_not_staged": "No settings have been staged.",
    "settings_not_activated": "The tested settings could not be made live.",
    "release_missing": "The release of the settings is not kept on the host.",
    "release_key_not_written": "The key for the names of releases could not be written.",
    "secret_files_not_recorded": "The list of files with secrets could not be written.",
    "low_port_blocked": "The confined service may not listen on a port below 1024 (`logstash_low_ports`).",
    "instance_role_blocked": "The confined service cannot use the role of its instance (`logstash_instance_role`).",
    "position_file_blocked": "The confined service may not write a file in which an input keeps its position.",
    "configuration_refused": "Logstash's own configuration test refuses the staged settings.",
    "configuration_test_refused": "The configuration test cannot run these settings safely.",
    "configuration_test_failed": "The configuration test could not be prepared.",
    "override_not_removed": "A line that overrides the role could not be removed.",
    # Service.
    "health_check_invalid": "The health gate has no pipelines to check.",
    "health_api_untrusted": "The node API's address is not trusted with its password.",
    "health_pipelines_unreadable": "The live pipelines could not be read.",
    "health_failed": "A pipeline or an input did not run within `logstash_health_timeout`.",
    "deployment_failed": "A run failed; its message says what was done about it, and what the service does now.",
    "existing_setup_not_saved": "The setup that existed before the first run could not be saved or restored.",
    "existing_setup_package_missing": "The package of the setup that existed before the first run is not available.",
    "existing_setup_unhealthy": "The restored setup does not do what it did before the first run.",
    "unmanaged_places_invalid": "The places to search for unmanaged files are not absolute paths.",
    "unmanaged_files_unreadable": "The search for unmanaged files failed.",
    "unmanaged_file_not_removed": "An unmanaged file could not be removed.",
    # Variables of role logstash_monitor.
    "monitor_input_invalid": "An entry of `logstash_monitor_inputs` names no input, or lacks its password.",
    "monitor_tls_invalid": "A file for the monitor's TLS is missing, or has no usable name.",
    "monitor_password_missing": "A password of the monitor is empty, or not in `logstash_keystore`.",
    "monitor_environment_invalid": "`logstash_monitor_environment` has something other than names of variables.",
    "monitor_number_invalid": "A time, a count or a port of the monitor is outside its range.",
    "monitor_cloudwatch_invalid": "`logstash_monitor_cloudwatch` lacks the region.",
    # What actions check and make on the control node.
    "options_invalid": "A task gives an action options that it does not have, or values of another form.",
    "role_arguments_invalid": "A variable of a role does not have the form that its argument specs ask for.",
    "logstash_settings_invalid": "A setting is one that the release of Logstash does not have, or has another form.",
    "layers_invalid": "A variable that connects the layers, or `logstash_serial`, has a value that is not allowed.",
    "hops_invalid": "The variables of a hop contradict each other, or a hop is open and `open_hops` is `fail`.",
    "plugins_invalid": "An entry of `logstash_plugins` is wrong, or its file cannot be had.",
    "settings_not_rendered": "A file of the settings could not be made on the control node.",
    # Octopus variables.
    "tokens_not_substituted": "A file could not be written with its tokens replaced.",
    "values_not_replaced": "The values of a JSON, YAML, XML or properties file could not be replaced.",
    "octopus_check_failed": "Files or variables have tokens or values that a host cannot be deployed with.",
    "secrets_exposed": "A secret would go where others can read it.",
    "import_failed": "An export of Octopus could not be imported. No file was changed.",
    "preview_failed": "The variables could not be shown.",
    # The alarms of an environment.
    "alarm_invalid": "An alarm lacks a key, has one that it cannot have, or one with a value of another form.",
    "alarm_metric_unknown": "The namespace has no metric of this name.",
    "alarm_dimensions_unknown": "The metric is not published with these dimensions, so the alarm would get no data.",
    "alarm_statistic_meaningless": "The statistic says nothing about the metric, such as Maximum of what is counted.",
    "alarm_period_too_short": "The metric has no data points for so short a period.",
    "alarm_evaluation_invalid": "CloudWatch does not take the period, the number of periods, or M out of N.",
    "alarm_threshold_unreachable": "No value of the metric can breach the threshold, or all do.",
    "alarm_missing_data_unsuitable": "With this choice for missing data, the alarm stays silent or rings in vain.",
    "alarm_action_invalid": "An alarm has no action, or one that CloudWatch cannot take.",
    "alarm_expression_invalid": "An expression and its metrics do not fit each other.",
    "alarm_suppressor_invalid": "The suppressor of a composite alarm is not in the list, or depends on that alarm.",
    "alarm_rule_invalid": "The rule of a composite alarm cannot be read, or names no alarm, or leads back to itself.",
    # AWS.
    "aws_request_failed": "AWS refused a request, or could not be reached.",
    "template_invalid": "The template of a stack cannot be read, or lacks a parameter.",
    "stack_parameters_invalid": "The parameters of a stack are not those that its template takes.",
    "instance_groups_invalid": "`instance_groups` has a layer or an option that it cannot have, or lacks one.",
    "stack_unusable": "The stack is in a state in which CloudFormation does not update it.",
    "stack_change_failed": "CloudFormation could not create or update the stack, or make its change set.",
    "stack_change_refused": "A change of the stack would lose data, and is not allowed.",
    "stack_output_missing": "A stack's parameter is the output of another stack, which is not there.",
    "stack_timeout": "CloudFormation still works on the stack after `aws_stacks_timeout`.",
    "template_too_large": "The template of a stack is larger than CloudFormation takes it, or takes it directly.",
    "subscriptions_invalid": "An entry of `notification_subscriptions` is wrong, or one that is needed is missing.",
    "stack_creation_failed": "A creation of the stack failed, and its remains are still there.",
    "stack_not_deleted": "What a failed creation left of the stack could not be deleted.",
    "dashboard_too_large": "The dashboard would have more widgets than CloudWatch takes.",
    "resource_name_taken": "Something that the stack does not own has the name of one of its resources.",
    "alarm_tests_invalid": "A file with tests of alarms has mistakes, or there is none.",
    "alarm_tests_failed": "A test of an alarm failed, or an alarm lacks tests.",
    "alarm_missing": "An alarm is not deployed.",
    "alarm_silent": "A deployed alarm has no actions, or they are disabled.",
    "alarm_rings": "An alarm is in state ALARM already, so that it cannot be drilled.",
    "alarm_unheard": "An alarm changed its state, and no message of it reached a subscriber.",
    "alarm_not_played": "A series cannot be played to an alarm over several metrics.",
    "alarm_series_invalid": "The series for a drill cannot be read.",
    "alarm_state_unexpected": "The copy of an alarm came into other states than expected.",
    "artifact_refused": "The bucket for packages, or an object in it, is not what it has to be.",
    "artifact_unreadable": "The file to upload cannot be read.",
    "bundle_has_secrets": "A secret would be in the bundle of an environment.",
    "bundle_incomplete": "Something that instances need can't be in the bundle, or is not on the control node.",
    "bundle_invalid": "A bundle cannot be made, or its manifest is not what it has to be.",
    "bundle_key_invalid": "The key that signs bundles is missing or of another kind, or does not fit the images' key.",
    "bundle_missing": "An earlier bundle is not in the bucket, or its archive is another one.",
    "bundle_signature_invalid": "A manifest in the bucket is not signed with the images' key.",
    "wheels_not_fetched": "The Python packages of instances could not be fetched.",
    "function_package_failed": "The log shipper's package could not be built.",
    "function_code_replaced": "The function does not have the package that was deployed.",
    "function_alias_missing": "The function has no alias that runs one of its versions.",
    "function_version_missing": "The version of the function to return to is not there.",
    "function_version_unusable": "A new version of the function did not become active.",
    "function_smoke_failed": "A version of the function could not ship a synthetic line. The alias stays where it was.",
    # Images.
    "image_settings_invalid": "A var file of `packer/environments/` has a wrong value, or there is none.",
    "base_image_missing": "There is no base image of the owner and name that the var file has.",
    "bake_failed": "Packer, or the playbook that it ran, failed. Nothing of the bake is left.",
    "image_not_made": "Packer ended well, and its image is not there, or not what it has to be.",
    "bake_not_removed": "Something that a bake made could not be removed.",
    "engine_failed": "The Docker Engine refused a command, or could not be reached.",
    "log_prefix_invalid": "No load balancer writes below the prefix for logs.",
    "too_many_log_accounts": "Accounts and prefixes are too many for one bucket of logs.",
}

_CODE = re.compile(r"\[([a-z][a-z0-9_]+)\] ")


def coded(code: str, text: str) -> str:
    """A message with its code.

    :raises KeyError: the code is not in :data:`CODES`.
    """
    if code not in CODES:
        raise KeyError(code)
    return f"[{code}] {text}"


def codes(text: str) -> list[str]:
    """The codes in a message, each once, in their order."""
    return list(dict.fromkeys(code for code in _CODE.findall(text) if code in CODES))
