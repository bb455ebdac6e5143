"""A whole stack in containers: brokers behind HAProxy, shippers, Redis, an indexer, and a receiver of what it indexes.

Everything is deployed as in a real environment, by playbooks/logstash.yml. What is not the toolkit's (HAProxy, Redis
and the receiver) is in one container, `middle`. The lines that shippers read carry an EventId, and so do the documents
that the receiver gets: what was lost on the way is known by its id.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import ansible_process
import systemd_host
import yaml
from choose_package import choose
from waiting import wait_for

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
INVENTORY = ROOT / "tests/end_to_end/fleet/inventory"
IMAGE = "elk-test/fleet:12"
BROKERS = ("broker-1", "broker-2", "broker-3")
SHIPPERS = ("shipper-1", "shipper-2")
INDEXER = "indexer-1"
HOSTS = (*BROKERS, *SHIPPERS, INDEXER)
TCP_PORT, HTTP_PORT, REDIS_PORT, RECEIVER_PORT, STATISTICS_PORT = 5000, 8080, 6379, 9200, 8404
LINES_PER_SECOND = 10
QUEUE = "/var/lib/logstash/queue"
# The broker whose queue is on a file system of its own, which a test can fill. It is gone with the container's process.
SMALL_DISK, DISK_SIZE = "broker-3", "96m"
# How often a monitor is asked (watch.py).
WATCH_SECONDS = 0.5
# Seconds that whatever has to happen may take on a machine that does ten other things.
PATIENCE = 180


def image() -> str:
    """The image of all containers: the hosts' with HAProxy, Redis and a packet filter. Made once."""
    if not systemd_host.docker("image", "ls", "--quiet", IMAGE).strip():
        text = f"""
            FROM {systemd_host.IMAGE}
            RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \\
                haproxy iptables redis-server && apt-get clean && rm -rf /var/lib/apt/lists/* \\
                && systemctl disable haproxy redis-server
            CMD ["/lib/systemd/systemd"]
        """
        made = subprocess.run(
            ["docker", "build", "--quiet", "--tag", IMAGE, "-"], input=text, capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stdout + made.stderr
    return IMAGE


@dataclass
class Seen:
    """What a monitor said at a moment: the answer of /status, or nothing."""

    at: float
    status: dict

    @property
    def ready(self) -> bool:
        """Whether the host wants events."""
        return bool(self.status.get("ready"))

    @property
    def reachable(self) -> bool:
        """Whether the node API answered the monitor."""
        return bool(self.status.get("logstash", {}).get("reachable"))

    @property
    def verdicts(self) -> dict[str, str]:
        """{pipeline: verdict}."""
        return {one["pipeline"]: one["verdict"] for one in self.status.get("pipelines", [])}

    @property
    def events(self) -> dict[str, dict]:
        """{pipeline: {"in": N, "out": N}}."""
        return {one["pipeline"]: one.get("events") or {} for one in self.status.get("pipelines", [])}

    @property
    def process(self) -> str:
        """Which process of Logstash it is about."""
        return str(self.status.get("logstash", {}).get("ephemeral_id"))

    @property
    def broken_inputs(self) -> dict[str, str]:
        """{input: why its last canary did not pass}."""
        return {one["name"]: one["reason"] for one in self.status.get("inputs", []) if one.get("reason")}

    def is_well(self) -> bool:
        """Whether there is nothing to complain of."""
        bad = set(self.verdicts.values()) - {"fine", "idle", "catching_up", "restarted"}
        return self.ready and self.reachable and not bad and not self.broken_inputs

    def words(self) -> str:
        """All of it in a line, without what differs from sample to sample."""
        if not self.status:
            return "no answer"
        parts = [
            "ready" if self.ready else "NOT READY",
            *(f"{name}: {verdict}" for name, verdict in self.verdicts.items()),
        ]
        if not self.reachable:
            parts.append("node API silent")
        parts += [f"{name}: {reason}" for name, reason in self.broken_inputs.items()]
        return ", ".join(parts)


class Host:
    """A container of the fleet."""

    def __init__(self, fleet: Fleet, name: str) -> None:
        self.name, self.container = name, f"{fleet.name}-{name}"
        self.seen: list[Seen] = []
        self._watch: subprocess.Popen | None = None

    def run(self, *words: str, stdin: str | None = None, check: bool = True) -> str:
        """Runs a command -> its output."""
        ended = subprocess.run(
            ["docker", "exec", *(["-i"] if stdin is not None else []), self.container, *words],
            input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not check or ended.returncode == 0, f"{self.name}: {' '.join(words)}\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    @property
    def address(self) -> str:
        """Its address in the fleet's network; another one after a new start."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return systemd_host.docker("inspect", "--format", form, self.container).strip()

    def get(self, port: int, path: str) -> str:
        """An answer of one of its ports."""
        with urllib.request.urlopen(f"http://{self.address}:{port}{path}", timeout=20) as answer:
            return answer.read().decode()

    def logstash(self) -> dict:
        """What its Logstash says of its pipelines; empty where it does not answer."""
        text = self.run("curl", "-s", "--max-time", "5", "http://127.0.0.1:9600/_node/stats/pipelines", check=False)
        return json.loads(text)["pipelines"] if text else {}

    def process(self) -> int:
        """The number of Logstash's process, in the container."""
        return int(self.run("systemctl", "show", "--value", "--property", "MainPID", "logstash"))

    def signal(self, name: str) -> None:
        """Sends Logstash a signal."""
        self.run("systemctl", "kill", f"--signal={name}", "logstash")

    def block(self, *ports: int, interface: str = "") -> None:
        """Drops what comes in for these ports: a black hole, in which nothing is refused."""
        self._filter("-I", ports, interface)

    def unblock(self, *ports: int, interface: str = "") -> None:
        """Lets it in again."""
        self._filter("-D", ports, interface)

    def _filter(self, action: str, ports: tuple[int, ...], interface: str) -> None:
        through = ("-i", interface) if interface else ()
        for port in ports:
            self.run("iptables", action, "INPUT", *through, "-p", "tcp", "--dport", str(port), "-j", "DROP")

    def watch(self) -> None:
        """Begins to note what its monitor says; again, after the container was started anew."""
        self.unwatch()
        words = ["docker", "exec", "-i", self.container, "python3", "-u", "-c", (HERE / "watch.py").read_text()]
        self._watch = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        threading.Thread(target=self._read, args=(self._watch,), daemon=True).start()

    def _read(self, process: subprocess.Popen) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            found = json.loads(line)
            self.seen.append(Seen(found["at"], found["status"] or {}))

    def unwatch(self) -> None:
        """Ends that."""
        if self._watch is not None:
            self._watch.kill()
            self._watch.wait()
            self._watch = None

    def since(self, moment: float) -> list[Seen]:
        """What its monitor said from a moment on."""
        return [one for one in list(self.seen) if one.at >= moment]

    def last(self) -> Seen:
        """What its monitor said last; nothing, if it says nothing now."""
        if self.seen and time.time() - self.seen[-1].at < 10:
            return self.seen[-1]
        return Seen(0, {})


class Lines:
    """Writes lines with ids to the file that a shipper reads, so many a second, until it is closed."""

    def __init__(self, shipper: str, folder: Path) -> None:
        self.shipper = shipper
        self.sent: list[str] = []
        self._run_id = secrets.token_hex(2)
        self._path = folder / "application.log"
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def write(self, count: int, size: int = 20) -> None:
        """Writes lines of so many characters at once."""
        with self._lock:
            ids = [
                f"{self.shipper}/{self._run_id}/{number}" for number in range(len(self.sent), len(self.sent) + count)
            ]
            text = "".join(json.dumps({"EventId": one, "Message": "x" * size}) + "\n" for one in ids)
            with self._path.open("a") as stream:
                stream.write(text)
            self.sent += ids

    def _run(self) -> None:
        while not self._stop.wait(1 / LINES_PER_SECOND):
            self.write(1)

    def close(self) -> None:
        """Ends the lines."""
        self._stop.set()
        self._thread.join()


@dataclass
class Count:
    """What became of the lines of a while. `lost` are ids; the others numbers."""

    sent: int
    received: int
    twice: int
    lost: list[str]

    def __str__(self) -> str:
        return f"sent {self.sent}, received {self.received}, of these twice {self.twice}, lost {len(self.lost)}"


@dataclass
class Story:
    """A scenario under way: the moment of its fault, and what to tell of it."""

    title: str
    begun: float = field(default_factory=time.time)
    fault: float = 0
    first: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[float, str]] = field(default_factory=list)

    def note(self, text: str, at: float | None = None) -> None:
        """Adds something to the timeline."""
        self.notes.append((time.time() if at is None else at, text))


class Fleet:
    """All of it. `interval` are the seconds between two samples of a monitor."""

    interval = yaml.safe_load((INVENTORY / "group_vars/all/20-fleet.yml").read_text())["logstash_monitor_interval"]

    def __init__(self, name: str, folder: str = "") -> None:
        self.name = name
        self.folder = Path(folder or tempfile.mkdtemp(prefix="elk-fleet-"))
        self.folder.chmod(0o755)
        self.hosts = {host: Host(self, host) for host in HOSTS}
        self.middle = Host(self, "middle")
        self.lines: dict[str, Lines] = {}
        self.received: list[str] = []
        self._fetched = 0
        self._balancer: list[tuple[float, dict[str, str]]] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    # Its life

    def start(self) -> None:
        """Starts the containers, and what is not the toolkit's in them."""
        image_ = image()
        systemd_host.docker("network", "create", self.name)
        for host in (*self.hosts.values(), self.middle):
            systemd_host.start(host.container, self.name, *self._options(host.name), image=image_)
        for host in (*self.hosts.values(), self.middle):
            systemd_host.wait(host.container)
        self.middle.run("sh", "-c", "cat >/etc/haproxy/haproxy.cfg", stdin=self._balancer_settings())
        self.middle.run("sh", "-c", "cat >/opt/receiver.py", stdin=(HERE / "receiver.py").read_text())
        # The packages' units ask for more isolation than a container can give.
        self._start_balancer()
        self._unit("receiver", "python3", "/opt/receiver.py", str(RECEIVER_PORT))
        self.start_redis()

    def _balancer_settings(self) -> str:
        """Those of docs/network.md, with the names of the fleet, and what else a test needs."""
        text = (ROOT / "docs/network.md").read_text().partition("```haproxy\n")[2].partition("```")[0]
        for broker in BROKERS:
            text = text.replace(f"{broker}.example.com", self.hosts[broker].container)
        # A container gets another address when it starts again.
        text = text.replace("default-server ", "default-server resolvers names init-addr last,libc,none ")
        return (HERE / "haproxy.cfg").read_text() + text

    def _options(self, name: str) -> list[str]:
        if name in SHIPPERS:
            folder = self.folder / name
            folder.mkdir()
            return [f"--volume={folder}:/var/log/website"]
        if name in BROKERS:
            disk = [f"--tmpfs={QUEUE}:size={DISK_SIZE}"] if name == SMALL_DISK else []
            return ["--cap-add=NET_ADMIN", *disk]
        return []

    def _unit(self, unit: str, *words: str) -> None:
        self.middle.run("systemd-run", f"--unit={unit}", "--collect", *words)

    def _start_balancer(self) -> None:
        self._unit("balancer", "haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg")

    def restart_balancer(self) -> None:
        """Starts it anew: its connections are gone, with what was in them."""
        self.middle.run("systemctl", "kill", "--signal=KILL", "balancer")
        wait_for(
            lambda: "active" not in self.middle.run("systemctl", "is-active", "balancer", check=False).split(),
            "its end",
        )
        self._start_balancer()

    def start_redis(self) -> None:
        """Starts Redis. It has what it had when it was stopped."""
        words = ("--bind", "*", "--port", str(REDIS_PORT), "--protected-mode", "no", "--dir", "/var/lib/redis")
        self._unit("redis", "redis-server", *words)

    def stop_redis(self) -> None:
        """Stops Redis: its port refuses connections."""
        self.middle.run("systemctl", "stop", "redis")

    def deploy(self, *options: object, environment: Mapping[str, str] | None = None) -> str:
        """Runs the playbook to its end -> its output. Raises AssertionError when it fails."""
        ended = subprocess.run(
            **self.deployment(*options, environment=environment),
            capture_output=True,
            check=False,
            start_new_session=True,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def deployment(self, *options: object, environment: Mapping[str, str] | None = None) -> dict:
        """What `subprocess` starts a run with."""
        package = self.folder / "package.yml"
        if not package.exists():
            version = yaml.safe_load((ROOT / "roles/logstash/defaults/main/install.yml").read_text())[
                "logstash_version"
            ]
            chosen = choose(version, self.folder)
            package.write_text(yaml.safe_dump({key: value for key, value in chosen.items() if key != "kind"}))
        containers = self.folder / "containers"
        containers.mkdir(exist_ok=True)
        # As in molecule's scenarios: runs share what they pack and compile, and enter the containers by themselves.
        quicker = {
            "PATH": f"{ROOT / 'tests/support/programs'}:{os.environ['PATH']}",
            "ELK_TEST_CONTAINERS": str(containers),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ELK_TEST_MODULES": os.environ.get("ELK_TEST_MODULES", str(self.folder / "ansible/modules")),
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/support/ansible_callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "module_cache",
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.folder / "ansible/facts"),
        }
        words = ("-i", INVENTORY, "playbooks/logstash.yml", "-e", f"@{package}", "-e", f"fleet={self.name}")
        return ansible_process.process(
            "ansible-playbook", *words, *options, environment={**quicker, **(environment or {})}
        )

    def begin(self) -> None:
        """Begins to write lines, and to note what monitors, balancer and receiver say."""
        for host in self.hosts.values():
            host.watch()
        for work in (self._note_balancer, self._fetch_received):
            thread = threading.Thread(target=self._again, args=(work,), daemon=True)
            thread.start()
            self._threads.append(thread)
        for name in SHIPPERS:
            self.lines[name] = Lines(name, self.folder / name)

    def _again(self, work: Callable[[], None]) -> None:
        while not self._stop.wait(0.5):
            # The container may be on its way; the next time it is asked again.
            with contextlib.suppress(OSError, ValueError, urllib.error.URLError):
                work()

    def end(self) -> None:
        """Ends what `begin` has begun."""
        self._stop.set()
        for lines in self.lines.values():
            lines.close()
        for host in self.hosts.values():
            host.unwatch()
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Ends and removes everything."""
        self.end()
        for host in (*self.hosts.values(), self.middle):
            systemd_host.remove(host.container)
        subprocess.run(["docker", "network", "rm", self.name], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # What is seen

    def _note_balancer(self) -> None:
        states = self.balancer("status")
        if not self._balancer or self._balancer[-1][1] != states:
            self._balancer.append((time.time(), states))

    def balancer(self, column: str) -> dict[str, str]:
        """{"brokers_tcp/broker-1": value} of a column of HAProxy's statistics, such as status, scur, econ."""
        text = self.middle.get(STATISTICS_PORT, "/stats;csv").removeprefix("# ")
        rows = csv.DictReader(io.StringIO(text))
        return {f"{row['pxname']}/{row['svname']}": row[column] for row in rows if row["svname"] in BROKERS}

    def balanced(self, broker: str) -> list[tuple[float, str]]:
        """The states that the balancer had a broker in: (from when on, UP | DOWN | ...), for either transport."""
        found: list[tuple[float, str]] = []
        for at, states in self._balancer:
            words = {state.split()[0] for name, state in states.items() if name.endswith(f"/{broker}")}
            state = "/".join(sorted(words))
            if not found or found[-1][1] != state:
                found.append((at, state))
        return found

    def up(self, broker: str) -> bool:
        """Whether the balancer sends a broker traffic now."""
        states = self.balanced(broker)
        return bool(states) and states[-1][1] == "UP"

    def went_down(self, broker: str, after: float) -> float | None:
        """When the balancer first took a broker out after a moment."""
        return next((at for at, state in self.balanced(broker) if at >= after and state != "UP"), None)

    def _fetch_received(self) -> None:
        found = json.loads(self.middle.get(RECEIVER_PORT, f"/received?since={len(self.received)}"))
        self.received += found["ids"]
        self._fetched += 1

    def behave(self, mode: str, wait: float = 0) -> None:
        """Tells the receiver how to behave (receiver.py)."""
        body = json.dumps({"mode": mode, "seconds": wait}).encode()
        address = f"http://{self.middle.address}:{RECEIVER_PORT}/behaviour"
        with urllib.request.urlopen(urllib.request.Request(address, body, method="PUT"), timeout=20):
            pass

    # Scenarios

    def wait_until_well(self) -> None:
        """Waits until every broker is up, nothing waits anywhere, and lines that are written now arrive."""
        for broker in BROKERS:
            wait_for(
                lambda broker=broker: self.up(broker), f"traffic to {broker}: {self._balancer[-1:]}", patience=PATIENCE
            )
        for name in HOSTS:
            host = self.hosts[name]
            wait_for(
                lambda host=host: host.last().is_well(), f"health of {name}: {host.last().words()}", patience=PATIENCE
            )
        self.wait_for_flow()

    def wait_for_flow(self, patience: float = PATIENCE) -> None:
        """Waits until lines that the shippers get now have arrived at the receiver."""
        for name, lines in self.lines.items():
            number = len(lines.sent)
            wait_for(
                lambda lines=lines, number=number: not set(lines.sent[number:]).isdisjoint(self.received),
                f"new lines of {name} at the receiver",
                patience=patience,
            )

    def wait_for_new_ways(self, story: Story, broker: str) -> None:
        """Waits until the balancer has taken a broker out, and lines flow without it."""
        self.wait_for_balancer(story, broker)
        # Seconds, as a rule. A connection that is not ended with its broker hangs for the minute of the timeouts.
        self.wait_for_flow(patience=50)
        story.note("flow is back, with two brokers")

    @contextlib.contextmanager
    def story(self, title: str) -> Iterator[Story]:
        """A scenario: begins when all is well, and shows its timeline at the end, whatever came of it."""
        self.wait_until_well()
        told = Story(title, first={name: len(self.lines[name].sent) for name in SHIPPERS})
        try:
            yield told
        finally:
            print(self.timeline(told), flush=True)

    def saw(self, story: Story, name: str, what: str, condition: Callable[[Seen], bool]) -> Seen:
        """Waits until a host's monitor has said something after the fault -> the first time that it did.

        Raises AssertionError if that was later than two sampling intervals after the fault: those of the monitor, on a
        machine that may be late itself. How late it was shows in the gaps between the answers.
        """
        host = self.hosts[name]

        def first() -> Seen | None:
            return next((one for one in host.since(story.fault) if condition(one)), None)

        found = wait_for(first, f"{what} by the monitor of {name}", patience=PATIENCE)
        moments = [story.fault, *(one.at for one in host.since(story.fault) if one.at <= found.at)]
        late = sum(max(0, after - before - WATCH_SECONDS) for before, after in itertools.pairwise(moments))
        delay = found.at - story.fault
        story.note(f"SEEN on {name}, {delay:.1f} s after the fault: {what}", found.at)
        allowed = 2 * (self.interval + WATCH_SECONDS) + late
        assert delay <= allowed, f"{what} on {name} was seen after {delay:.1f} s, more than {allowed:.1f}"
        return found

    def wait_for_balancer(self, story: Story, broker: str) -> None:
        """Waits until the balancer has taken a broker out since the fault."""
        down = wait_for(
            lambda: self.went_down(broker, story.fault), f"{broker} taken out by the balancer", patience=PATIENCE
        )
        story.note(f"BALANCER: {broker} is out {down - story.fault:.1f} s after the fault", down)

    def busy(self) -> str:
        """The broker that has the connection of the shipper that uses TCP."""
        found = wait_for(
            lambda: [name for name, count in self.balancer("scur").items() if "tcp" in name and int(count)],
            "a connection over TCP",
        )
        return found[0].rpartition("/")[2]

    def count(self, story: Story) -> list[Count]:
        """Waits until all lines since the story began have arrived or are lost -> what became of them, by shipper."""
        last = {name: len(lines.sent) for name, lines in self.lines.items()}
        self._settle()
        found = []
        for name, lines in self.lines.items():
            sent = lines.sent[story.first[name] : last[name]]
            wanted = set(sent)
            received = [one for one in list(self.received) if one in wanted]
            arrived = set(received)
            lost = [one for one in sent if one not in arrived]
            counted = Count(len(sent), len(arrived), len(received) - len(arrived), lost)
            found.append(counted)
            story.note(f"{name}: {counted}{f', the first {lost[0]}, the last {lost[-1]}' if lost else ''}")
        return found

    def _settle(self) -> None:
        """Waits until what the shippers have sent by now is through, hop by hop: each is first in, first out."""
        self.wait_for_flow()
        for broker in BROKERS:
            self._pass(self.hosts[broker], 0)
        self._pass(self.hosts[INDEXER], int(self.middle.run("redis-cli", "llen", "logstash")))
        begun = self._fetched
        wait_for(lambda: self._fetched > begun + 1, "an answer of the receiver", patience=PATIENCE)

    def _pass(self, host: Host, coming: int) -> None:
        """Waits until a pipeline has dealt with what is in its queue, and with so many events that are on their way."""

        def pipeline() -> dict:
            return wait_for(lambda: next(iter(host.logstash().values()), None), f"node API of {host.name}")

        now = pipeline()
        last = now["events"]["filtered"] + now["queue"]["events_count"] + coming
        wait_for(lambda: pipeline()["events"]["filtered"] >= last, f"{last} events of {host.name}", patience=PATIENCE)

    def timeline(self, story: Story) -> str:
        """What happened, in seconds from the fault on."""
        begin = story.fault or story.begun
        entries = list(story.notes)
        for name, host in self.hosts.items():
            words = ""
            for one in host.since(story.begun):
                if one.words() != words:
                    words = one.words()
                    entries.append((one.at, f"monitor of {name}: {words}"))
        for broker in BROKERS:
            entries += [(at, f"balancer: {broker} {state}") for at, state in self.balanced(broker) if at >= story.begun]
        lines = [f"  {at - begin:+7.1f} s  {text}" for at, text in sorted(entries)]
        return "\n".join(["", f"== {story.title}", *lines])
