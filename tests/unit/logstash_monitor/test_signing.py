"""The signature is that of AWS's own library, for whatever is signed."""

import datetime
from unittest import mock

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from hypothesis import given
from hypothesis import strategies as st
from logstash_monitor.signing import Credentials, sign

TEXT = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=", min_size=1, max_size=40)

HOSTS = ["monitoring.eu-west-1.amazonaws.com", "127.0.0.1:4566", "proxy.example:443"]


def of_botocore(url, headers, body, credentials, now):
    request = botocore.awsrequest.AWSRequest("POST", url, headers=headers, data=body)
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(credentials.access_key, credentials.secret_key, credentials.token or None),
        "monitoring",
        "eu-west-1",
    )
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        signer.add_auth(request)
    return request.headers


@given(
    body=st.binary(max_size=200),
    credentials=st.builds(Credentials, TEXT, TEXT, st.just("") | TEXT),
    now=st.integers(0, 4_000_000_000),
    url=st.builds("http://{}{}".format, st.sampled_from(HOSTS), st.sampled_from(["/", "/a b/", "/a%20b", "/~x"])),
    space=st.sampled_from([" ", "   "]),
)
def test_it_is_botocores(body, credentials, now, url, space):
    headers = {"Content-Type": f"application/x-www-form-urlencoded;{space}charset=utf-8"}
    signed = sign(
        url, headers=headers, body=body, credentials=credentials, region="eu-west-1", service="monitoring", now=now
    )
    expected = of_botocore(url, headers, body, credentials, now)
    assert signed["Authorization"] == expected["Authorization"]
    assert signed["X-Amz-Date"] == expected["X-Amz-Date"]
    assert signed.get("X-Amz-Security-Token") == expected.get("X-Amz-Security-Token")


def test_credentials_show_no_secret():
    assert "s3cret" not in repr(Credentials("AKIA", "s3cret", "s3cret"))
    assert "s3cret" not in str([Credentials("AKIA", "s3cret", "s3cret")])
