"""An instance goes away, in simulated time: what happens when, and what is told, whatever fails."""

import io
import itertools
import json
import logging
import time
from calendar import timegm

import pytest
from logstash_instance import report, termination
from logstash_instance.errors import AS_LONG_AS_THERE_IS_TIME, AwsError, MetadataError, ServiceError
from logstash_instance.queues import Left
from logstash_instance.retrying import Clock
from logstash_instance.settings import InstanceSettings
from logstash_instance.termination import Contents, Notices, Termination

MIB = 1 << 20
BEGAN = timegm((2026, 11, 28, 17, 0, 0))
HOOK = "meta-data/autoscaling/target-lifecycle-state"
SPOT = "meta-data/spot/instance-action"
REBALANCE = "meta-data/events/recommendations/rebalance"
SETTINGS = {
    "environment": "staging",
    "layer": "brokers",
    "bundle": "",
    "group": "g",
    "termination_hook": "elk-terminate",
    "termination_timeout": 900,
    "archive": "s3://bucket/queues/staging",
    "history": "s3://bucket/deployments/staging",
    "notifications_topic": "arn:aws:sns:eu-west-1:123456789012:t",
}


class Tar(io.RawIOBase):
    """An archive that takes a second for each 100 MiB."""

    sha256 = "ab" * 32

    def __init__(self, world, progress):
        self.size, self._left, self._world, self._progress = (
            world.bytes(),
            world.bytes() // (10 * MIB) + 1,
            world,
            progress,
        )

    def readable(self):
        return True

    def readinto(self, buffer):
        self._world.sleep(0.1)
        self._progress()
        self._left -= 1
        if self._left < 0:
            return 0
        buffer[:1] = b"x"
        return 1


class World:
    """An instance with Logstash, its metadata and AWS; each sleep moves them on."""

    def __init__(self, path):
        self.path, self.time, self.log, self.broken = path, 0.0, [], {}
        self.metadata, self.later = {}, []
        # Logstash: events in the queue, bytes of one, how many it delivers in a second; whether it drains.
        self.events, self.size, self.rate, self.drains, self.letters = 1000, 1000, 10.0, True, 0
        self.running, self.asked, self.unkillable = True, False, False
        self.problem = ""
        self.objects, self.messages = {}, []
        self.clock = Clock(lambda: self.time, self.sleep, lambda low, high: high)

    # time

    def sleep(self, seconds):
        step = 0.5
        until = self.time + seconds
        while self.time < until:
            passed = min(step, until - self.time)
            self.time += passed
            for at, action in list(self.later):
                if at <= self.time:
                    self.later.remove((at, action))
                    action()
            if self.running:
                self.events = max(0, self.events - self.rate * passed)
                if self.asked and (not self.drains or not self.events):
                    self.running = False
                    self.say("ended")
        if self.time > 5_000:  # also a process that never ends
            raise TimeoutError(self.log[-20:])

    def wall(self):
        return BEGAN + self.time

    def say(self, *what):
        self.log.append((round(self.time), *what))

    def said(self, *what):
        return [at for at, *rest in self.log if tuple(rest[: len(what)]) == what]

    def fail(self, name):
        if name in self.broken:
            error = self.broken[name]
            if isinstance(error, list):
                if not error:
                    return
                error = error.pop(0)
            self.say("failed", name)
            raise error

    # the instance metadata

    def find(self, path):
        self.fail("metadata")
        return self.metadata.get(path)

    # the service

    def is_running(self):
        self.fail("is_running")
        return self.running

    def limit_stop(self, seconds):
        self.fail("limit_stop")
        self.say("limit", round(seconds))

    def stop(self):
        self.fail("stop")
        self.asked = True
        self.say("stop")

    def kill(self):
        self.fail("kill")
        self.say("kill")
        self.running = self.unkillable

    # its directories

    def bytes(self):
        return int(self.events * self.size)

    def read(self):
        self.fail("read")
        events = None if self.problem else int(self.events)
        letters = {"p": Left(self.letters, 100)} if self.letters else {}
        return Contents({"p": Left(events, self.bytes(), self.problem)}, letters)

    def archive(self, parts, progress):
        self.say("archive", *sorted(parts))
        return Tar(self, progress)

    # AWS

    def extend_hook(self, *hook):
        self.fail("extend_hook")
        self.say("beat")
        return True

    def complete_hook(self, group, hook, instance, result):
        self.fail("complete_hook")
        self.say("complete", result)
        return True

    def upload(self, address, stream):
        self.fail("upload")
        while stream.read(1):
            pass
        self.say("saved")
        self.objects[address] = True

    def write(self, address, content):
        self.fail("write")
        document = json.loads(content)
        self.say("history", document["result"])
        self.objects[address] = document

    def publish(self, topic, subject, text):
        self.fail("publish")
        self.say("topic", json.loads(text)["result"])
        self.messages.append((subject, json.loads(text)))

    # the program

    def go(self, **settings):
        told = InstanceSettings(**SETTINGS | settings)
        notices = Notices(self.find, self.clock, self.wall)
        Termination(told, "i-1", notices, self, self, self, self.path, self.clock, self.wall).run()
        return self.result()

    def result(self):
        return json.loads(self.path.read_text())

    def order(self):
        return [entry[1:] for entry in self.log]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "termination.json")


def in_seconds(seconds):
    """The time of a spot notice."""
    return json.dumps({"action": "terminate", "time": report.timestamp(BEGAN + seconds)})


def passing(text="unreachable"):
    return AwsError(text, retry_seconds=AS_LONG_AS_THERE_IS_TIME)


# The termination hook


def test_a_queue_that_drains_is_told_before_the_hook_is_completed(world):
    world.metadata[HOOK] = "Terminated"
    result = world.go()
    assert world.order() == [
        ("limit", 3600),
        ("stop",),
        ("history", "draining"),
        ("ended",),
        ("history", "drained"),
        ("complete", "CONTINUE"),
    ]
    assert (result["result"], result["drained"], result["left"]["events"], result["errors"]) == ("drained", 1000, 0, [])
    assert (result["instance"], result["environment"], result["layer"]) == ("i-1", "staging", "brokers")
    assert result["notice"] == "hook"
    assert world.messages == []


def test_nothing_happens_before_a_notice(world):
    world.metadata[HOOK] = "InService"
    world.later.append((600, lambda: world.metadata.update({HOOK: "Terminated"})))
    world.go()
    assert 600 <= world.said("stop")[0] <= 605


def test_what_an_unreachable_receiver_leaves_is_saved_within_the_hooks_time(world):
    world.metadata[HOOK] = "Terminated"
    world.rate, world.letters = 0, 7
    result = world.go()
    assert world.order() == [
        ("limit", 3600),
        ("stop",),
        ("history", "draining"),
        ("kill",),
        ("history", "saving"),
        ("beat",),
        ("archive", "dead_letter_queue/p", "queue/p"),
        ("saved",),
        ("history", "saved"),
        ("topic", "saved"),
        ("complete", "CONTINUE"),
    ]
    assert 870 <= world.said("kill")[0] <= 886, "the hook's time, less what saving and telling take"
    address = "s3://bucket/queues/staging/i-1-2026-11-28T17:00:00Z.tar"
    assert result["archive"] == {"address": address, "bytes": 1_000_000, "sha256": Tar.sha256}
    assert address in world.objects
    assert (result["result"], result["drained"], result["left"]["events"]) == ("saved", 0, 1007)
    assert result["left"]["queue"] == {"p": {"events": 1000, "bytes": 1_000_000}}
    assert result["left"]["dead_letter_queue"] == {"p": {"events": 7, "bytes": 100}}
    assert (
        world.objects["s3://bucket/deployments/staging/2026-11-28T17:00:00Z-i-1-termination.json"]["result"] == "saved"
    )
    subject, _text = world.messages[0]
    assert "i-1" in subject
    assert "saved" in subject


def test_the_larger_the_queue_the_earlier_draining_ends(world):
    world.metadata[HOOK] = "Terminated"
    world.rate, world.size = 0, 16 * MIB  # 400 s
    world.go()
    assert 480 <= world.said("kill")[0] <= 490


def test_heartbeats_go_on_as_long_as_the_queue_gets_shorter(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0.5  # 2000 s
    result = world.go()
    assert result["result"] == "drained"
    assert 1990 <= world.said("ended")[0] <= 2010
    beats = world.said("beat")
    assert len(beats) >= 3
    assert all(
        later - earlier <= 900 for earlier, later in zip([0, *beats], [*beats, world.said("complete")[0]], strict=True)
    )


def test_heartbeats_end_when_the_queue_stands_still(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 2
    world.later.append((310, lambda: setattr(world, "rate", 0)))
    world.go()
    (beat, second) = world.said("beat")[:2]
    killed = world.said("kill")[0]
    assert killed <= beat + 900 <= second + 900 or killed <= second + 900
    assert killed < 1600


def test_draining_has_a_limit_however_it_goes(world):
    world.metadata[HOOK] = "Terminated"
    world.events, world.rate, world.size = 100_000, 1, 10
    result = world.go()
    assert result["result"] == "saved"
    assert 3000 <= world.said("kill")[0] <= 3600
    assert world.said("complete")[0] <= world.said("beat")[-1] + 900


def test_a_heartbeat_that_fails_extends_nothing(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0.5
    world.broken["extend_hook"] = AwsError("denied")
    result = world.go()
    assert 870 <= world.said("kill")[0] <= 900
    assert result["result"] == "saved"
    assert any(error.startswith("heartbeat: [aws_request_failed] denied") for error in result["errors"])


def test_saving_is_kept_alive_by_heartbeats(world):
    world.metadata[HOOK] = "Terminated"
    world.rate, world.drains, world.size = 0, False, 200 * MIB  # 2000 s of upload
    world.go()
    times = [*world.said("beat"), world.said("saved")[0]]
    assert len(times) > 5
    assert all(later - earlier < 450 for earlier, later in itertools.pairwise(times))


# Spot


def test_a_spot_notice_leaves_the_time_that_is_in_it(world):
    world.metadata[SPOT] = in_seconds(90)
    world.rate = 0
    world.go(termination_hook="", group="")
    assert world.said("limit", 75)
    assert 70 <= world.said("kill")[0] <= 76
    assert world.said("saved")[0] < 90
    assert world.said("beat") == world.said("complete") == []
    assert world.result()["notice"] == "spot"


@pytest.mark.parametrize(
    "notice", [in_seconds(600), '{"action": "terminate", "time": "soon"}', '{"action": "terminate"}']
)
def test_a_spot_instance_has_110_seconds_at_most(world, notice):
    world.metadata[SPOT] = notice
    world.rate = 0
    world.go(termination_hook="")
    assert 90 <= world.said("kill")[0] <= 96


def test_a_notice_that_is_no_json_is_one(world):
    world.metadata[SPOT] = "terminate"
    world.rate = 0
    world.go(termination_hook="")
    assert 90 <= world.said("kill")[0] <= 96


def test_a_notice_whose_time_is_over_saves_at_once(world):
    world.metadata[SPOT] = in_seconds(-30)
    world.rate = 0
    result = world.go(termination_hook="")
    assert world.said("kill")[0] <= 6
    assert result["result"] == "saved"


@pytest.mark.parametrize("action", ["stop", "hibernate"])
def test_an_instance_that_is_only_stopped_keeps_its_queue(world, action, caplog):
    world.metadata[SPOT] = json.dumps({"action": action, "time": report.timestamp(BEGAN + 100)})
    world.later.append((300, lambda: world.metadata.update({HOOK: "Terminated"})))
    world.go()
    assert world.said("stop")[0] >= 300
    assert len([record for record in caplog.records if action in record.getMessage()]) == 1


def test_a_spot_notice_during_a_hook_shortens_the_time(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    world.later.append((200, lambda: world.metadata.update({SPOT: in_seconds(320)})))
    world.go()
    assert 285 <= world.said("kill")[0] <= 300
    assert world.said("complete")


def test_the_groups_own_notice_after_a_spot_notice_is_answered(world):
    world.metadata[SPOT] = in_seconds(120)
    world.events = 500
    world.later.append((100, lambda: world.metadata.update({HOOK: "Terminated"})))
    world.go()
    assert world.said("history", "drained")[0] < world.said("complete")[0]
    assert 100 <= world.said("complete")[0] <= 106


def test_a_rebalance_recommendation_is_noted_once(world, caplog):
    caplog.set_level(logging.WARNING)
    world.metadata[REBALANCE] = '{"noticeTime": "2026-11-28T17:00:00Z"}'
    world.later.append((60, lambda: world.metadata.update({HOOK: "Terminated"})))
    world.go()
    assert len([record for record in caplog.records if "recommends" in record.getMessage()]) == 1
    assert world.said("stop")[0] >= 60


# What fails


STEPS = {
    "limit_stop": ("stop", ServiceError("read-only")),
    "stop": ("stop", ServiceError("no bus")),
    "kill": ("stop", ServiceError("no bus")),
    "read": ("count", OSError("input/output error")),
    "upload": ("save", AwsError("denied")),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_fails_is_told_and_the_next_ones_are_done(world, name):
    step, error = STEPS[name]
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    world.broken[name] = error
    result = world.go()
    assert any(found.startswith(f"{step}: ") and str(error) in found for found in result["errors"])
    assert result["result"] == ("lost" if name in ("read", "upload") else "saved")
    assert world.said("complete", "CONTINUE")
    assert world.said("history", result["result"])


def test_whether_logstash_runs_that_cannot_be_told_is_taken_as_yes(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    world.broken["is_running"] = ServiceError("no bus")
    result = world.go()
    assert world.said("kill")
    assert result["result"] == "saved"


def test_a_process_that_survives_its_kill_is_an_error_and_no_end(world):
    world.metadata[HOOK] = "Terminated"
    world.rate, world.unkillable = 0, True
    result = world.go()
    assert any("still runs" in error for error in result["errors"])
    assert world.said("complete")


def test_an_upload_is_tried_again_while_there_is_time(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    world.broken["upload"] = [passing(), passing(), passing()]
    assert world.go()["result"] == "saved"


def test_without_an_archive_the_events_are_reported_as_lost(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    result = world.go(archive="")
    assert (result["result"], result["left"]["events"]) == ("lost", 1000)
    assert "archive" not in result
    assert any("no archive" in error for error in result["errors"])
    assert world.said("topic", "lost")


def test_a_queue_that_cannot_be_counted_is_saved_all_the_same(world):
    world.metadata[HOOK] = "Terminated"
    world.rate, world.problem = 0, "checkpoint.head has a wrong checksum"
    result = world.go()
    assert (result["result"], result["left"]["events"], result["drained"]) == ("saved", None, None)
    assert result["left"]["queue"]["p"]["problem"] == world.problem


def test_dead_letters_alone_are_saved(world):
    world.metadata[HOOK] = "Terminated"
    world.letters = 3
    result = world.go()
    assert (result["result"], result["left"]["events"]) == ("saved", 3)
    assert world.said("archive", "dead_letter_queue/p")


def test_logstash_that_does_not_run_has_its_queue_saved(world):
    world.metadata[HOOK] = "Terminated"
    world.running = False
    assert world.go()["result"] == "saved"
    assert world.said("kill") == []


def test_no_word_no_continue(world):
    """With neither history nor topic, the hook is left to its own timeout."""
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    world.broken |= {"write": AwsError("denied"), "publish": AwsError("denied")}
    with pytest.raises(TimeoutError):
        world.go()
    assert world.said("complete") == []


def test_a_word_that_comes_late_is_followed_by_continue(world):
    world.metadata[HOOK] = "Terminated"
    world.broken["write"] = passing()
    world.later.append((400, world.broken.clear))
    assert world.go()["told"] is True
    assert 400 <= world.said("history", "drained")[0] <= world.said("complete")[0]


@pytest.mark.parametrize("name", ["write", "publish"])
def test_one_of_history_and_topic_is_a_word(world, name):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    world.broken[name] = AwsError("denied")
    world.go()
    assert world.said("complete", "CONTINUE")


def test_the_file_that_cannot_be_written_keeps_nothing_from_happening(world):
    world.metadata[HOOK] = "Terminated"
    world.path = world.path.parent / "missing/termination.json"
    with pytest.raises(FileNotFoundError):
        world.go()  # only the test reads it
    assert world.said("history", "drained")
    assert any("file: " in error for error in world.objects[next(iter(world.objects))]["errors"])
    assert world.said("complete")


def test_the_hook_is_completed_when_aws_can_be_reached_again(world):
    world.metadata[HOOK] = "Terminated"
    world.broken["complete_hook"] = [passing(), passing(), AwsError("denied")]
    world.go()
    assert len(world.said("failed", "complete_hook")) == 3
    assert len(world.said("complete")) == 1


def test_a_hook_that_does_not_wait_any_more_is_no_error(world):
    world.metadata[HOOK] = "Terminated"
    world.complete_hook = lambda *hook: world.say("complete", "late") or False
    world.go()
    assert world.said("complete", "late")


def test_silent_metadata_is_asked_again(world, caplog):
    world.broken["metadata"] = MetadataError("does not answer")
    world.metadata[HOOK] = "Terminated"
    world.later.append((100, world.broken.clear))
    world.go()
    assert 100 <= world.said("stop")[0] <= 106
    assert len([record for record in caplog.records if "does not answer" in record.getMessage()]) == 1


# A program that was killed, and started again


def test_the_hooks_time_goes_on_after_a_restart_of_the_program(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    before = {"instance": "i-1", "result": "draining", "began": report.timestamp(BEGAN - 600)}
    world.path.write_text(json.dumps(before))
    result = world.go()
    assert 270 <= world.said("kill")[0] <= 290
    assert result["began"] == before["began"]


def test_what_was_told_is_not_done_again_after_a_restart(world):
    world.metadata[HOOK] = "Terminated"
    world.rate = 0
    world.broken["complete_hook"] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        world.go()
    told = world.result()
    assert told["told"] is True
    world.log.clear()
    world.go()
    assert world.order() == [("complete", "CONTINUE")]
    assert world.result() == told


@pytest.mark.parametrize("change", [{"instance": "i-2"}, {"told": False}])
def test_a_result_of_another_instance_or_one_that_was_not_told_does_not_count(world, change):
    world.metadata[HOOK] = "Terminated"
    before = {"instance": "i-1", "result": "drained", "told": True, "began": report.timestamp(BEGAN)}
    world.path.write_text(json.dumps(before | change))
    world.running = False
    world.go()
    assert world.said("stop")


def test_logstash_that_was_started_after_the_result_is_stopped_again(world):
    world.metadata[HOOK] = "Terminated"
    world.path.write_text(json.dumps({"instance": "i-1", "result": "drained", "told": True}))
    world.go()
    assert world.said("stop")
    assert world.result()["drained"] == 1000


def test_times_are_those_of_the_wall(world):
    world.metadata[HOOK] = "Terminated"
    result = world.go()
    assert result["began"] == "2026-11-28T17:00:00Z"
    assert time.strptime(result["ended"], "%Y-%m-%dT%H:%M:%SZ") > time.strptime(result["began"], "%Y-%m-%dT%H:%M:%SZ")
    assert termination.POLL_SECONDS == 5
