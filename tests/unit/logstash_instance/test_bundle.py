"""The bundle: only what the signed manifest vouches for is unpacked, and only inside of its directory."""

import json
import tarfile

import pytest
from instance_world import Bundles, link, packed, refusal
from logstash_instance import bundle
from logstash_instance.aws import Aws
from logstash_instance.errors import (
    AccessDeniedError,
    AwsError,
    BadBundleError,
    ChecksumError,
    ObjectMissingError,
    OtherEnvironmentError,
    SignatureError,
)
from logstash_instance.retrying import Deadline
from logstash_instance.settings import InstanceSettings


@pytest.fixture(params=[{}, {"filter": "data"}], ids=["as Debian 12", "with filter"], autouse=True)
def unpacking(request, monkeypatch):
    """As Python 3.11.2 unpacks, and as later ones do."""
    monkeypatch.setattr(bundle, "_FILTER", request.param)


@pytest.fixture
def fetch(aws, paths, time):
    """Fetches a manifest's address for a broker of staging."""

    def fetched(address, environment="staging", layer="brokers"):
        settings = InstanceSettings(environment, layer, address)
        deadline = Deadline.after(600, time.clock())
        return bundle.fetch(Aws("", aws.client), settings, paths.public_key, paths.bundles, deadline)

    return fetched


def test_bundle_is_unpacked_below_its_checksum(fetch, bundles, paths):
    address = bundles.upload(packed(("toolkit/a/b.yml", b"content"), ("wheels/x.whl", b"wheel")))
    found = fetch(address)
    assert found.path == paths.bundles / address.rpartition("/")[2].removesuffix(".json")
    assert (found.path / "toolkit/a/b.yml").read_bytes() == b"content"
    assert [path.name for path in paths.bundles.iterdir()] == [found.path.name]


def test_the_newest_one_by_name(fetch, bundles):
    bundles.upload(packed())
    newest = bundles.upload(packed(("toolkit/x", b"newer")))
    assert f"{fetch(bundles.folder + '/current.json').manifest.sha256}.json" == newest.rpartition("/")[2]


def test_what_is_unpacked_already_is_not_fetched_again(fetch, bundles, aws):
    address = bundles.upload(packed())
    fetch(address)
    fetch(address)
    assert [call["Key"].rpartition(".")[2] for call in aws.named("get_object")] == ["json", "gz", "json"]


def test_what_a_killed_run_left_is_replaced(fetch, bundles, paths):
    address = bundles.upload(packed())
    digest = address.rpartition("/")[2].removesuffix(".json")
    (paths.bundles / f"{digest}.part/old").mkdir(parents=True)
    (paths.bundles / f"{digest}.tar.gz.part").write_bytes(b"half")
    path = fetch(address).path
    assert sorted(one.name for one in path.iterdir()) == ["requirements-instance.txt", "toolkit"]
    assert list(paths.bundles.iterdir()) == [path]


# -- what must not be used


def test_manifest_of_another_key(fetch, bundles, aws, paths):
    address = bundles.upload(packed())
    paths.public_key.write_bytes(Bundles(aws).public_key)
    with pytest.raises(SignatureError, match="not of the key that this image trusts") as raised:
        fetch(address)
    assert raised.value.code == "bundle_signature_invalid"
    assert not paths.bundles.exists()


def test_manifest_that_was_changed_after_it_was_signed(fetch, bundles, aws):
    address = bundles.upload(packed())
    signed = json.loads(aws.objects[address])
    signed["manifest"] = signed["manifest"].replace("0.1.0", "0.1.1")
    aws.objects[address] = json.dumps(signed).encode()
    with pytest.raises(SignatureError):
        fetch(address)


@pytest.mark.parametrize("signature", ["", "!!!", "AAAA"])
def test_signature_that_is_none(fetch, bundles, aws, signature):
    address = bundles.upload(packed())
    aws.objects[address] = json.dumps(json.loads(aws.objects[address]) | {"signature": signature}).encode()
    with pytest.raises(SignatureError):
        fetch(address)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"manifest": 5, "signature": "x"}', b"\xff"])
def test_manifest_of_another_form(fetch, bundles, aws, document):
    address = bundles.upload(packed())
    aws.objects[address] = document
    with pytest.raises(BadBundleError) as raised:
        fetch(address)
    assert raised.value.code == "bundle_invalid"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"format": 2}, "format 2, this image reads 1"),
        ({"size": "10"}, "size='10'"),
        ({"requirements": "x"}, "requirements='x'"),
        ({"key": "../other.tar.gz"}, "key='../other.tar.gz'"),
        ({"logstash_versions": None}, "logstash_versions=None"),
    ],
)
def test_signed_manifest_with_wrong_values(fetch, bundles, changes, named):
    with pytest.raises(BadBundleError, match=named):
        fetch(bundles.upload(packed(), **changes))


def test_tar_with_another_checksum(fetch, bundles, aws, paths):
    address = bundles.upload(packed())
    tar = address.replace(".json", ".tar.gz")
    aws.objects[tar] = aws.objects[tar][:-1] + b"x"
    with pytest.raises(ChecksumError, match=r"SHA-256 .*, expected") as raised:
        fetch(address)
    assert raised.value.code == "bundle_checksum_wrong"
    assert list(paths.bundles.iterdir()) == []
    assert len(aws.named("get_object")) == 2  # it is not tried again


def test_tar_that_is_too_long_is_not_written_to_its_end(fetch, bundles, aws):
    address = bundles.upload(packed())
    aws.objects[address.replace(".json", ".tar.gz")] += b"x"
    with pytest.raises(ChecksumError, match="more than the"):
        fetch(address)


def test_tar_that_ends_early_is_fetched_again_for_a_moment(fetch, bundles, aws):
    address = bundles.upload(packed())
    tar = address.replace(".json", ".tar.gz")
    aws.objects[tar] = aws.objects[tar][:-1]
    with pytest.raises(AwsError, match="bytes, expected"):
        fetch(address)
    assert len(aws.named("get_object")) > 2


def test_older_bundle_under_the_name_of_a_newer_one(fetch, bundles, aws):
    old, new = bundles.upload(packed()), bundles.upload(packed(("toolkit/new", b"")))
    aws.objects[new] = aws.objects[old]
    with pytest.raises(ChecksumError, match="it is the manifest of"):
        fetch(new)


def test_bundle_of_another_environment(fetch, bundles):
    address = bundles.upload(packed(), environment="production")
    with pytest.raises(
        OtherEnvironmentError, match="of environment production, and this instance is of staging"
    ) as raised:
        fetch(address)
    assert raised.value.code == "bundle_of_other_environment"


def test_bundle_without_the_layer(fetch, bundles):
    with pytest.raises(OtherEnvironmentError, match="has the layers brokers, and this instance is of indexers"):
        fetch(bundles.upload(packed()), layer="indexers")


def test_public_key_that_is_none(fetch, bundles, paths):
    address = bundles.upload(packed())
    paths.public_key.write_text("nothing")
    with pytest.raises(BadBundleError, match=r"bundle\.pub: cannot be read as a public key"):
        fetch(address)
    paths.public_key.unlink()
    with pytest.raises(BadBundleError, match=r"bundle\.pub: cannot be read as a public key"):
        fetch(address)


# -- S3


def test_missing_bundle_is_not_waited_for(fetch, bundles, time):
    with pytest.raises(ObjectMissingError, match=r"s3://artifacts/bundles/staging/current\.json"):
        fetch(bundles.folder + "/current.json")
    assert time.seconds == 0


def test_a_right_that_is_not_known_everywhere_yet_is_waited_for(fetch, bundles, aws, time):
    address = bundles.upload(packed())
    aws.faults["get_object"] = [refusal("AccessDenied", "Access Denied", 403)] * 3
    assert fetch(address).path.is_dir()
    assert time.seconds > 0


def test_a_right_that_is_missing_is_waited_for_a_minute(fetch, bundles, aws, time):
    address = bundles.upload(packed())
    aws.faults["get_object"] = [refusal("AccessDenied", "Access Denied", 403)] * 100
    with pytest.raises(AccessDeniedError, match="s3:GetObject"):
        fetch(address)
    assert time.seconds <= 60


def test_throttling_is_waited_for_until_the_deadline(fetch, bundles, aws, time):
    address = bundles.upload(packed())
    aws.faults["get_object"] = [refusal("SlowDown", "Reduce your request rate", 503)] * 1000
    with pytest.raises(AwsError, match="SlowDown"):
        fetch(address)
    assert 500 < time.seconds < 600


# -- unpacking


@pytest.mark.parametrize(
    "members",
    [
        (("../outside", b"x"),),
        (("/outside", b"x"),),
        (("toolkit/../../outside", b"x"),),
        (link("toolkit", "/etc"),),
        (link("toolkit", ".."),),
        (link("toolkit/a", "../.."),),
        # Two links that lead outside only together.
        (link("a", "."), link("b", "a/..")),
        (link("b", "a/.."), link("a", "."), ("b/outside", b"x")),
    ],
    ids=lambda members: members[-1][0] if isinstance(members[-1], tuple) else members[-1].name,
)
def test_nothing_is_written_or_leads_outside(fetch, bundles, paths, members):
    with pytest.raises(BadBundleError, match="leads outside of it"):
        fetch(bundles.upload(packed(*members)))
    assert list(paths.bundles.iterdir()) == []
    assert not (paths.bundles / "../outside").exists()


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_only_files_directories_and_links(fetch, bundles, kind):
    with pytest.raises(BadBundleError, match="neither file, directory nor link"):
        fetch(bundles.upload(packed(link("toolkit/x", "/etc/shadow", kind))))


def test_a_link_within_the_bundle_stays(fetch, bundles):
    address = bundles.upload(
        packed(("toolkit/galaxy.yml", b"x"), link("collections/ansible_collections/elk/deploy", "../../../toolkit"))
    )
    path = fetch(address).path
    assert (path / "collections/ansible_collections/elk/deploy/galaxy.yml").read_bytes() == b"x"


def test_modes_are_those_of_programs_and_files(fetch, bundles):
    program, setuid, open_file = (tarfile.TarInfo(name) for name in ("program", "setuid", "open"))
    program.mode, setuid.mode, open_file.mode = 0o775, 0o4755, 0o666
    path = fetch(bundles.upload(packed(program, setuid, open_file))).path
    modes = {name: (path / name).stat().st_mode & 0o7777 for name in ("program", "setuid", "open")}
    assert modes == {"program": 0o755, "setuid": 0o755, "open": 0o644}


@pytest.mark.parametrize("content", [b"no tar at all", packed()[:60]], ids=["none", "cut off"])
def test_broken_tar(fetch, bundles, paths, content):
    with pytest.raises(BadBundleError, match="cannot be unpacked"):
        fetch(bundles.upload(content))
    assert list(paths.bundles.iterdir()) == []
