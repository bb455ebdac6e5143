"""`-t`: what it says, and what it leaves behind."""

import os

GOOD = 'input { generator { count => 1 } } output { file { path => "/dev/null" } }'


def test_a_good_configuration_exits_0_with_the_genuine_lines(node):
    node.pipeline("p1", GOOD)
    done = node.test()
    assert done.returncode == 0
    assert "\nConfiguration OK\n" in done.stdout
    assert "Using config.test_and_exit mode. Config Validation Result: OK. Exiting Logstash" in done.stdout
    assert "Config Validation Result: OK" in node.log()


def test_it_creates_the_data_directories_whatever_the_queue_type(node):
    node.pipeline("p1", GOOD)
    node.test()
    assert sorted(os.listdir(node.data)) == ["dead_letter_queue", "queue"]
    assert os.listdir(node.data / "queue") == []


def test_with_a_persisted_queue_it_opens_the_queue_of_every_pipeline(node):
    node.settings |= {"queue.type": "persisted", "dead_letter_queue.enable": True}
    node.pipeline("p1", GOOD)
    node.pipeline("p2", GOOD)
    node.test()
    for name in ("p1", "p2"):
        assert sorted(os.listdir(node.data / "queue" / name)) == [
            ".lock",
            ".queue-version",
            "checkpoint.head",
            "page.0",
        ]
        assert (node.data / "queue" / name / "page.0").stat().st_size == 64 * 2**20
        assert sorted(os.listdir(node.data / "dead_letter_queue" / name)) == [".lock", "1.log.tmp"]
    assert not (node.data / "uuid").exists()
    assert not (node.data / ".lock").exists()


def test_all_of_it_belongs_to_whoever_ran_it(node, as_other_user):
    node.root.chmod(0o777)
    node.settings["queue.type"] = "persisted"
    node.pipeline("p1", GOOD)
    assert node.test(user=as_other_user).returncode == 0
    made = [*node.data.rglob("*"), *node.logs.rglob("*"), node.data, node.logs]
    assert {path.stat().st_uid for path in made} == {as_other_user}


def test_run_as_root_first_the_service_user_fails_later(node, as_other_user):
    node.root.chmod(0o777)
    node.pipeline("p1", GOOD)
    assert node.test().returncode == 0
    os.chown(node.data, as_other_user, as_other_user)
    done = node.run(user=as_other_user)
    assert done.returncode == 1
    assert (
        f'Your settings are invalid. Reason: Path "{node.data}/queue" must be a writable directory. It is not writable.'
        in done.stderr
    )


def test_beside_a_running_instance_with_a_persisted_queue_it_fails_on_the_lock(node, port):
    node.settings |= {"queue.type": "persisted", "dead_letter_queue.enable": True}
    node.pipeline("p1", f'input {{ tcp {{ host => "127.0.0.1" port => {port} }} }} output {{ stdout {{}} }}')
    node.start()
    done = node.test()
    assert done.returncode == 1
    assert (
        "The given configuration is invalid. Reason: org.logstash.LockException: The queue failed to obtain exclusive "
        f"access, cause: Lock held by another program on lock path: {node.data}/queue/p1/.lock" in done.stdout
    )


def test_with_temporary_data_and_logs_it_is_safe_beside_a_running_instance(node, port):
    node.settings |= {"queue.type": "persisted"}
    node.pipeline("p1", f'input {{ tcp {{ host => "127.0.0.1" port => {port} }} }} output {{ stdout {{}} }}')
    node.start()
    before = sorted(node.data.rglob("*"))
    other = node.root / "other"
    assert node.test("--path.data", str(other / "data"), "--path.logs", str(other / "logs")).returncode == 0
    assert sorted(node.data.rglob("*")) == before


def test_path_queue_follows_path_data_only_where_the_settings_do_not_set_it(node):
    node.settings |= {"queue.type": "persisted", "path.queue": str(node.root / "own-queue")}
    node.pipeline("p1", GOOD)
    node.test("--path.data", str(node.root / "other"))
    assert (node.root / "own-queue/p1/page.0").exists()
    assert not (node.root / "other/queue").exists()
    assert (node.root / "other/dead_letter_queue").exists()


def test_f_ignores_pipelines_yml(node):
    node.pipelines = "not a list"
    path = node.root / "only.conf"
    path.write_text(GOOD)
    done = node.test("-f", str(path))
    assert done.returncode == 0
    assert "Ignoring the 'pipelines.yml' file because modules or command line options are specified" in done.stdout


def test_f_takes_a_directory(node):
    directory = node.root / "conf.d"
    directory.mkdir()
    (directory / "1.conf").write_text("input { generator { count => 1 } }")
    (directory / "2.conf").write_text("output { nosuchplugin {} }")
    assert "Couldn't find any output plugin named 'nosuchplugin'" in node.test("-f", str(directory)).stdout


def test_a_path_config_that_matches_nothing_passes(node):
    node.pipelines.append({"pipeline.id": "p1", "path.config": str(node.root / "none*.conf")})
    done = node.test()
    assert done.returncode == 0
    assert "No config files found in path" in done.stdout


def test_a_port_in_use_passes(node, port):
    node.pipeline("p1", f'input {{ tcp {{ host => "127.0.0.1" port => {port} }} }} output {{ stdout {{}} }}')
    node.start()
    other = node.root / "other"
    assert node.test("--path.data", str(other)).returncode == 0


def test_9_x_refuses_root_even_for_a_test_unless_allow_superuser_is_set(make_node, as_other_user):
    node = make_node("9.0.0")
    node.pipeline("p1", GOOD)
    done = node.test()
    assert done.returncode == 1
    assert "Logstash cannot be run as superuser." in done.stdout
    node.settings["allow_superuser"] = True
    assert node.test().returncode == 0
    node.settings.pop("allow_superuser")
    for path in (node.data, node.logs):
        for made in [path, *path.rglob("*")]:
            os.chown(made, as_other_user, as_other_user)
    node.root.chmod(0o777)
    assert node.test(user=as_other_user).returncode == 0
