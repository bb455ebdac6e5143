"""A run that dies leaves a host that serves, and the next one completes it. Comes last: the host keeps the change."""

import subprocess
import time

import process_tree


def test_run_is_killed_in_the_middle(fleet):
    with fleet.story("A run dies while it changes a broker") as story:
        change = ("--limit", "broker-1", "-e", '{"logstash_heap_size": "600m"}')
        story.fault = time.time()
        started = subprocess.Popen(**fleet.deployment(*change), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = []
        try:
            for line in started.stdout:
                output.append(line)
                if "TASK [elk.deploy.logstash : Activate" in line:
                    break
        finally:
            process_tree.kill_tree(started.pid)
            started.wait()
            started.stdout.close()
        assert "Activate" in output[-1], "".join(output)
        story.note("the run is killed")
        fleet.wait_for_flow()
        fleet.deploy(*change)
        story.note("the next run is complete")
        heap = fleet.hosts["broker-1"].run(
            "grep", "-r", "600m", "/etc/logstash", "/etc/systemd/system/logstash.service.d"
        )
        assert "600m" in heap
        assert fleet.count(story)[1].lost == []
