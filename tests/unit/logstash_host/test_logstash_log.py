"""What a log of Logstash says: recorded logs, and the forms that other releases and other settings have."""

import json
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import explanations, java_options, logstash_log
from ansible_collections.elk.deploy.plugins.module_utils.masking.mask import Mask
from ansible_collections.elk.deploy.plugins.modules import logstash_health

LOGS = Path(__file__).parent / "logstash_logs"
START = '[2026-01-01T00:00:00,000][INFO ][logstash.runner          ] Starting Logstash {"logstash.version"=>"9.5.2"}'
STARTED = (
    '[2026-01-01T00:00:01,000][INFO ][logstash.javapipeline    ][broker] Pipeline started {"pipeline.id"=>"broker"}'
)
STOP = [
    "[2026-01-01T00:00:02,000][WARN ][logstash.runner          ] SIGTERM received. Shutting down.",
    '[2026-01-01T00:00:03,000][INFO ][logstash.javapipeline    ][broker] Pipeline terminated {"pipeline.id"=>"broker"}',
    "[2026-01-01T00:00:04,000][INFO ][logstash.runner          ] Logstash shut down.",
]
PATTERN = "Grok::PatternError: pattern %{NOSUCHPATTERN:x} not defined"


def recorded(name):
    return (LOGS / f"{name}.log").read_text().splitlines()


def starts(lines, **options):
    return logstash_log.starts(logstash_log.entries(lines), **options)


def failures(lines):
    return {name: str(found) for name, found in logstash_log.failures(starts(lines)).items()}


def error(text, logger="logstash.agent           ", pipeline=""):
    return f"[2026-01-01T00:00:05,000][ERROR][{logger}]{pipeline and f'[{pipeline}]'} {text}"


# A healthy log


@pytest.mark.parametrize("name", ["healthy-start-and-stop", "normal-lines"])
def test_nothing_matches_lines_of_normal_operation(name):
    """Not even where the level of a line does not protect it."""
    lines = recorded(name)
    assert explanations.explain("\n".join(lines)) == []
    assert java_options.find_places("\n".join(lines), {"jvm.options": "\n".join(lines)}) == []
    assert logstash_log.failures(starts(lines, restarts=len(lines))) == {}
    assert [logstash_log.restarting(start) for start in starts(lines, restarts=len(lines))] == [[]] * len(
        starts(lines, restarts=len(lines))
    )
    assert logstash_log.reasons(logstash_log.entries(lines)) == []
    assert [entry for entry in logstash_log.entries(lines) if "\n" in entry.text] == []


@pytest.mark.parametrize("name", ["healthy-start-and-stop", "normal-lines"])
def test_no_mask_changes_lines_of_normal_operation(name):
    lines = [line for line in recorded(name) if len(line) <= logstash_health.LINE_LENGTH]
    assert logstash_health.show(lines, Mask()) == lines


@pytest.mark.parametrize("pattern", [pattern for pattern, _text in explanations.EXPLANATIONS])
def test_every_explanation_needs_more_than_an_option_of_java(pattern):
    assert explanations.explain("-XX:+HeapDumpOnOutOfMemoryError -XX:OnOutOfMemoryError=/bin/false") == []
    assert pattern


# Failing logs


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("register-failure", {"broker": f"filter grok: {PATTERN}"}),
        ("one-of-two-pipelines-dead", {"second": f"filter grok: {PATTERN}"}),
        (
            "queue-volume-full",
            {
                "q": "java.io.IOException: Unable to allocate 1073741824 more bytes for persisted queue on top of its "
                "current usage of 0 bytes"
            },
        ),
        ("failure-at-the-first-event", {}),
        ("noexec-tmp", {}),
    ],
)
def test_recorded_failure(name, expected):
    assert failures(recorded(name)) == expected


def test_recorded_end_of_a_pipeline_has_its_last_error():
    ended = logstash_log.ended(starts(recorded("failure-at-the-first-event"))[-1])
    assert {name: str(found) for name, found in ended.items()} == {
        "second": 'filter ruby: Ruby exception occurred: as if {:class=>"Java::JavaLang::OutOfMemoryError"}'
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("register-failure", "No pattern of grok is called NOSUCHPATTERN"),
        ("noexec-tmp", "mounted noexec"),
        ("queue-volume-full", "no room for 1073741824 more bytes"),
        ("failure-at-the-first-event", ""),
    ],
)
def test_recorded_failure_is_explained_and_by_nothing_else(name, expected):
    found = explanations.explain(logstash_log.words(logstash_log.entries(recorded(name))))
    assert len(found) == bool(expected)
    assert expected in "".join(found)


ABORTED = 'Pipeline aborted due to error {{{}:exception=>#<{}>, :backtrace=>["{}:in `x\'"], :thread=>"#<Thread:0x1>"}}'
GEM = "/usr/share/logstash/vendor/bundle/jruby/3.1.0/gems/logstash-input-jdbc-5.0/lib/logstash/inputs/jdbc.rb:1"
WRONG_SETTING = """
  input {
    tcp {
      # This setting must be a number
      port => "abc"
    }
  }""".splitlines()


def not_made(pipeline, message):
    """What cannot be made, in the form that names an exception."""
    action = f"LogStash::PipelineAction::Create/pipeline_id:{pipeline}"
    details = (
        f':action=>{action}, :exception=>"Java::JavaLang::IllegalStateException", :message=>"{message}", :backtrace=>[]'
    )
    return error(f"Failed to execute action {{{details}}}")


def not_done(pipeline):
    """What was made and did not start."""
    message = "Could not execute action: PipelineAction::Create<x>, action_result: false"
    details = (
        f':id=>{pipeline}, :action_type=>LogStash::ConvergeResult::FailedAction, :message=>"{message}", :backtrace=>nil'
    )
    return error(f"Failed to execute action {{{details}}}")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # 5.x names no pipeline, and 7.8.0 was the last with these words.
        (
            [error(ABORTED.format("", "LogStash::Error: no driver", GEM))],
            {"": "input jdbc: LogStash::Error: no driver"},
        ),
        (
            [error(ABORTED.format(':pipeline_id=>"a-b", ', "RuntimeError: x > y, :z", GEM))],
            {"a-b": "input jdbc: RuntimeError: x > y, :z"},
        ),
        # The form of 5.x for what cannot be made.
        ([error('Cannot create pipeline {:reason=>"Expected one of #, => at 3"}')], {"": "Expected one of #, => at 3"}),
        # Both forms of later releases; with a symbol that needs quotes, too.
        ([not_made("a.b", 'Expected \\"x\\" at line 1')], {"a.b": 'Expected "x" at line 1'}),
        ([not_done(':"a-b"')], {"a-b": "it could not be started"}),
        ([not_done(":ab")], {"ab": "it could not be started"}),
        # The reason stands before, in the words of a plugin that has no pipeline yet, and in several lines.
        (
            [
                error("Invalid setting for tcp input plugin:", "logstash.inputs.tcp      "),
                *WRONG_SETTING,
                not_made(
                    "a", "Unable to configure plugins: (ConfigurationError) Something is wrong with your configuration."
                ),
            ],
            {
                "a": "input tcp: Invalid setting for tcp input plugin: input { tcp { # This setting must be a number "
                'port => "abc" } }'
            },
        ),
        (
            [not_made("a", "(PluginLoadingError) Couldn't find any output plugin named 'x'.")],
            {"a": "output x: (PluginLoadingError) Couldn't find any output plugin named 'x'."},
        ),
        # Register and worker of 6.x and 7.x.
        (
            [
                error(
                    'Error registering plugin {:pipeline_id=>"a", :plugin=>"<LogStash::Inputs::Jdbc jdbc_user=>'
                    '\\"x\\">", :error=>"no driver", :thread=>"x"}',
                    pipeline="a",
                )
            ],
            {"a": "input jdbc: no driver"},
        ),
        (
            [
                error(
                    'Pipeline worker error, the pipeline will be stopped {:pipeline_id=>"a", :error=>"(NoMethodError) '
                    'x", :exception=>Java::OrgJrubyExceptions::NoMethodError, :backtrace=>["x"]}',
                    pipeline="a",
                )
            ],
            {"a": "(NoMethodError) x"},
        ),
        # A cut-off line, and a reason of several lines.
        (
            [error('Pipeline error {:pipeline_id=>"a", :exception=>#<RuntimeError: cut o ...')],
            {"a": "RuntimeError: cut o ..."},
        ),
        (
            [
                error('Pipeline error {:pipeline_id=>"a", :exception=>#<RegexpError: premature end'),
                'in the middle: /(/>, :backtrace=>["x"]}',
            ],
            {"a": "RegexpError: premature end in the middle: /(/"},
        ),
        # It was started after all.
        ([error('Pipeline error {:pipeline_id=>"broker", :exception=>#<E: x>}'), STARTED], {}),
    ],
)
def test_forms_of_failures(lines, expected):
    assert failures([START, *lines]) == expected


def test_forms_of_the_console_and_of_json_say_the_same():
    text = 'Pipeline aborted due to error {:pipeline_id=>"main", :exception=>#<RuntimeError: no file>, :backtrace=>[]}'
    expected = {"main": "RuntimeError: no file"}
    assert failures([f"[ERROR] 2020-03-13 20:55:28.125 [[main]-pipeline-manager] javapipeline - {text}"]) == expected
    event = {"message": "Pipeline error", "pipeline_id": "main", "exception": "no file"}
    line = {"level": "ERROR", "loggerName": "logstash.javapipeline", "timeMillis": 1, "thread": "x", "logEvent": event}
    assert failures([json.dumps(line, separators=(",", ":"))]) == {"main": "no file"}
    assert failures(['{"level":"ERROR","logEvent":3}', "{"]) == {}


NOT_INSTALLED = "Unable to configure plugins: (PluginLoadingError) Couldn't find any input plugin named 'nope'."


def json_line(message, details, thread, logger="logstash.agent"):
    event = f'{{"message":{json.dumps(message)},{details}}}'
    return (
        f'{{"level":"ERROR","loggerName":"{logger}","timeMillis":1,"thread":{json.dumps(thread)},"logEvent":{event}}}'
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # An object of Ruby is written with the classes that it is of.
        (
            [
                json_line(
                    "Failed to execute action",
                    '"action":{"metaClass":{"metaClass":{"metaClass":{"action":"PipelineAction::Create<a>",'
                    f'"exception":"Java::JavaLang::IllegalStateException","message":"{NOT_INSTALLED}"}}}}}}}}',
                    "Converge PipelineAction::Create<a>",
                )
            ],
            {"a": f"input nope: {NOT_INSTALLED}"},
        ),
        (
            [
                json_line(
                    "Pipeline error",
                    '"pipeline_id":"a","exception":{"metaClass":{"metaClass":{"exception":"pattern %{X:x} not defined",'
                    '"backtrace":["/x/logstash-filter-grok-4.4.2/lib/logstash/filters/grok.rb:1:in `register\'"]}}}',
                    "[a]-pipeline-manager",
                )
            ],
            {"a": "filter grok: pattern %{X:x} not defined"},
        ),
        # The reason stands in a line before, of which only the thread says the pipeline, and both have two messages.
        (
            [
                json_line("no file", '"x":1', "[a]-pipeline-manager", "logstash.filters.translate"),
                json_line("no port", '"x":1', "Converge PipelineAction::Create<b>", "logstash.inputs.tcp"),
                *(
                    json_line(
                        "Failed to execute action",
                        f'"id":"{name}","{again}":"Could not execute action: PipelineAction::Create<{name}>"',
                        "Converge",
                    )
                    for name, again in (("a", "message"), ("b", "message_1"))
                ),
            ],
            {"a": 'filter translate: no file {:x=>1}', "b": 'input tcp: no port {:x=>1}'},
        ),
    ],
)  # fmt: skip
def test_json_as_it_is_written(lines, expected):
    assert failures(lines) == expected


def test_a_configuration_that_could_not_be_applied_names_its_pipeline():
    lines = [
        error("no file", "logstash.inputs.file"),
        error(
            "An exception happened when converging configuration {:exception=>LogStash::Error, :message=>\"Don't know "
            'how to handle `Java::JavaLang::IllegalStateException` for `PipelineAction::Create<main>`"}'
        ),
    ]
    assert failures(lines) == {"main": "input file: no file"}


def test_the_reason_of_a_file_with_crlf_is_read_as_one_line():
    text = r'Failed to execute action {:id=>:a, :message=>"Expected } after filter {\r\n\tif [a] ", :backtrace=>nil}'
    assert failures([error(text)]) == {"a": "Expected } after filter { if [a]"}


# What is explained


def restart_of(port, reason):
    return [
        error("A plugin had an unrecoverable error. Will restart this plugin.", "logstash.javapipeline", "main"),
        "  Pipeline_id:main",
        f'  Plugin: <LogStash::Inputs::Syslog port=>{port}, id=>"k1">',
        f"  Error: {reason}",
    ]


def explained(lines):
    return explanations.explain(logstash_log.words(logstash_log.entries(lines)))


def test_a_port_is_explained_by_the_reason_of_its_own_input():
    assert len(explained(restart_of(514, "Permission denied"))) == 1
    taken = restart_of(514, "Address already in use")
    assert explained([*taken, *restart_of(5514, "Permission denied")]) == []
    assert explained([*taken, error("x", "logstash.inputs.file"), "  Error: Permission denied - /x"]) == []


FULL = "cp: No space left on device"


@pytest.mark.parametrize(
    "lines",
    [
        ["{", f'       "message" => "{FULL}",', '    "@version" => "1"', "}"],
        [json.dumps({"message": FULL})],
        ["[x][WARN ][logstash.runner          ] x", json.dumps({"message": FULL})],
        [
            "[x][WARN ][logstash.outputs.elasticsearch][main] Could not index event to Elasticsearch. {:status=>400, "
            f':action=>["index", {{}}, {{"message"=>"{FULL}"}}]}}'
        ],
        [f'[x][WARN ][logstash.codecs.jsonlines][main] JSON parse error {{:data=>"{FULL}"}}'],
    ],
)
def test_nothing_is_explained_by_what_an_event_says(lines):
    assert explained(lines) == []
    assert len(explained([*lines, error(f"x {FULL}")])) == 1


# Which starts count


def test_starts_that_count():
    lines = [START, STARTED, *STOP, START, "[x][INFO ][a] second", START, "[x][INFO ][a] third"]

    def last(**options):
        return [start[-1].text for start in starts(lines, **options)]

    assert last() == ["third"]
    assert last(restarts=1) == ["second", "third"]
    assert last(marked=True) == ["Logstash shut down.", "second", "third"]


@pytest.mark.parametrize(
    "lines",
    [STOP, [*STOP, START], [*STOP, START, "[x][INFO ][logstash.agent] Successfully started"]],
    ids=["nothing yet", "started", "goes on"],
)
def test_end_of_the_former_process_is_none_of_the_new_one(lines):
    found = starts(lines, marked=True)
    assert [logstash_log.ended(start) for start in found] == [{}]


def test_start_that_is_not_logged_counts_behind_the_end_of_the_former_process():
    """As before 6.1, or with a level above INFO."""
    lines = [*STOP, error('Pipeline error {:pipeline_id=>"a", :exception=>#<E: x>}')]
    assert list(logstash_log.failures(starts(lines, marked=True))) == ["a"]


def test_failure_of_a_start_that_systemd_has_followed_up_is_still_known():
    lines = [*STOP, *recorded("register-failure"), START]
    assert str(logstash_log.failures(starts(lines, marked=True))["broker"]) == f"filter grok: {PATTERN}"
    assert logstash_log.failures(starts(lines)) == {}


# Plugins that restart


def restart(seconds=0, port=5044, reason="Address already in use", pipeline="broker", own_id="one"):
    return [
        f"[2026-01-01T00:01:{seconds:02d},000][ERROR][logstash.javapipeline    ][{pipeline}][{own_id}] A plugin had an "
        "unrecoverable error. Will restart this plugin.",
        f"  Pipeline_id:{pipeline}",
        f'  Plugin: <LogStash::Inputs::Beats port=>{port}, codec=><LogStash::Codecs::Plain id=>"p", charset=>"x">, '
        f'id=>"{own_id}", enable_metric=>true, host=>"0.0.0.0">',
        f"  Error: {reason}",
        "  Exception: Java::JavaNet::BindException",
        "  Stack: sun.nio.ch.Net.bind0(Native Method)",
        "sun.nio.ch.Net.bind(sun/nio/ch/Net.java:455)",
    ]


def test_plugin_that_restarts():
    (found,) = logstash_log.restarting(
        starts([START, STARTED, *restart(1), *restart(8), *restart(15)])[-1], silence=2.5
    )
    assert (found.pipeline, found.plugin, found.port) == ("broker", "input beats", 5044)
    assert found.reason == "Address already in use (Java::JavaNet::BindException)"
    assert (found.count, found.lasted, found.quiet) == (3, 14.0, 2.5)


def test_an_input_whose_threads_are_gone_keeps_the_reason_of_its_first_failure():
    """As the tcp and http inputs of 8.5.3: from the second attempt on, they can't even try to bind the port."""
    gone = "\n".join(restart(8)).replace("Address already in use", "event executor terminated")
    gone = gone.replace("Java::JavaNet::BindException", "Java::JavaUtilConcurrent::RejectedExecutionException")
    (found,) = logstash_log.restarting(starts([START, *restart(1), *gone.splitlines()])[-1])
    assert (found.count, found.reason) == (2, "Address already in use (Java::JavaNet::BindException)")
    (found,) = logstash_log.restarting(starts([START, *gone.splitlines()])[-1])
    assert found.reason == "event executor terminated (Java::JavaUtilConcurrent::RejectedExecutionException)"


def test_plugin_that_is_quiet_since():
    lines = [START, *restart(1), "[2026-01-01T00:01:21,000][INFO ][logstash.agent] something else"]
    (found,) = logstash_log.restarting(starts(lines)[-1], silence=1.0)
    assert (found.count, found.quiet) == (1, 21.0)


def test_plugins_are_told_apart_and_a_reason_of_several_lines_is_whole():
    lines = [
        START,
        *restart(1, own_id="a"),
        *restart(2, own_id="b", reason="first\n  second"),
        *restart(3, pipeline="p"),
    ]
    found = logstash_log.restarting(starts("\n".join(lines).splitlines())[-1])
    assert [(item.pipeline, item.count) for item in found] == [("broker", 1), ("broker", 1), ("p", 1)]
    assert found[1].reason == "first second (Java::JavaNet::BindException)"


def test_plugin_of_5x_restarts():
    """Neither the pipeline nor the class of the error is named."""
    lines = [
        "[2016-11-18T14:11:11,695][ERROR][logstash.pipeline        ] A plugin had an unrecoverable error. Will restart "
        "this plugin.",
        '  Plugin: <LogStash::Inputs::Beats codec=><LogStash::Codecs::Plain id=>"p">, port=>5044, id=>"3e41-1">',
        "  Error: Address already in use",
    ]
    (found,) = logstash_log.restarting(starts(lines)[-1])
    assert (found.pipeline, found.plugin, found.reason) == ("", "input beats", "Address already in use")


# Reasons

PRINTED = "Using bundled JDK: /x\n[x][INFO ][a] b\n"
JAVA = "Error: Could not create the Java Virtual Machine."
EXIT = "Logstash stopped processing because of an error: (SystemExit) exit"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (f"{PRINTED}Your settings are invalid. Reason: x.\n", ["Your settings are invalid. Reason: x."]),
        (f"{PRINTED}Unrecognized VM option 'UseX'\n{JAVA}\n", ["Unrecognized VM option 'UseX'", JAVA]),
        ("ERROR: Unrecognised option '--x'\n\nSee: y\n", ["ERROR: Unrecognised option '--x' See: y"]),
        (
            "Error occurred during initialization of VM\nCould not reserve enough space for 1KB object heap\n",
            ["Error occurred during initialization of VM Could not reserve enough space for 1KB object heap"],
        ),
        (
            f"[x][ERROR][a] The error reported is:\n  the cause\n\tat org.x.Y(Z.java:1)\n[x][FATAL][b] {EXIT}\n",
            ["The error reported is: the cause"],
        ),
        (f"[x][FATAL][b] {EXIT}\n", [EXIT]),
        (
            'Exception in thread "main" java.lang.Error: x\n\tat a.b(C.java:1)\nCaused by: y\n',
            ['Exception in thread "main" java.lang.Error: x Caused by: y'],
        ),
    ],
)
def test_reasons_are_whole(output, expected):
    assert logstash_log.reasons(logstash_log.entries(output.splitlines())) == expected


def test_long_text_keeps_its_beginning_and_its_end():
    text = "\n".join(f"line {number}" for number in range(100))
    assert logstash_log.shortened(text, 2, 1).splitlines() == ["line 0", "line 1", "... 97 lines ...", "line 99"]
    assert logstash_log.shortened("a\nb\n", 1, 1) == "a\nb"


# What Java refuses


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ("Unrecognized VM option 'UseNothing'", "-XX:+UseNothing"),
        ("Unrecognized option: --bogus", "--bogus"),
        ("Invalid maximum heap size: -Xmx4gg", "-Xmx4gg"),
        ("Improperly specified VM option 'MaxDirectMemorySize=x'", "-XX:MaxDirectMemorySize=x"),
        ("Initial heap size set to a larger value than the maximum heap size", "-Xmx16m"),
        ("Conflicting collector combinations in option list; please refer to the release notes", "-XX:+UseSerialGC"),
        ("Error opening zip file or JAR manifest missing : /srv/x.jar", "-javaagent:/srv/x.jar=9404"),
    ],
)
def test_file_that_holds_the_option_that_java_refuses_is_named(tmp_path, said, option):
    (tmp_path / "jvm.options").write_text(f"# {option}\n-Xss1m\n")
    (tmp_path / "default").write_text(f'LS_USER="x"\nLS_JAVA_OPTS="-Da=b {option}"\n')
    files = [tmp_path / "jvm.options", tmp_path / "missing", tmp_path / "default"]
    (found,) = java_options.explain(f"{said}\nError: Could not create the Java Virtual Machine.", files)
    assert f"in line 2 of {tmp_path}/default" in found


# Explanations


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("java.lang.OutOfMemoryError: Java heap space", "heap of Logstash is too small"),
        ("java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory", "no more threads"),
        ("Could not reserve enough space for 1KB object heap", "There is not enough memory"),
        ("Logstash tried to bind to port 9600, but the port is already in use.", "port 9600, which the node API"),
        ("\n".join(restart(port=514, reason="Permission denied")), "Only root may listen on port 514"),
        ("Tried to load a plugin's code, but failed. {:exception=>#<LoadError: x>, :path=>\"x\", :type=>\"input\", "
         ':name=>"foo"}', "The plugin foo is not installed"),
    ],
)  # fmt: skip
def test_explanation(said, expected):
    (found,) = explanations.explain(said)
    assert expected in found
