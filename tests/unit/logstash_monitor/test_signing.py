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


def of_botocore(url, headers, body, credentials, region, now):
    request = botocore.awsrequest.AWSRequest("POST", url, headers=headers, data=body)
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(credentials.access_key, credentials.secret_key, credentials.token or None),
        "monitoring",
        region,
    )
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        signer.add_auth(request)
    return request.headers


@given(
    body=st.binary(max_size=200),
    access=TEXT,
    secret=TEXT,
    token=st.just("") | TEXT,
    now=st.integers(0, 4_000_000_000),
    host=st.sampled_from(["monitoring.eu-west-1.amazonaws.com", "127.0.0.1:4566", "proxy.example:443"]),
    path=st.sampled_from(["/", "/a b/", "/a%20b", "/~x"]),
    space=st.sampled_from([" ", "   "]),
)
def test_it_is_botocores(body, access, secret, token, now, host, path, space):
    credentials = Credentials(access, secret, token)
    headers = {"Content-Type": f"application/x-www-form-urlencoded;{space}charset=utf-8"}
    url = f"http://{host}{path}"
    signed = sign(
        url, headers=headers, body=body, credentials=credentials, region="eu-west-1", service="monitoring", now=now
    )
    expected = of_botocore(url, headers, body, credentials, "eu-west-1", now)
    assert signed["Authorization"] == expected["Authorization"]
    assert signed["X-Amz-Date"] == expected["X-Amz-Date"]
    assert signed.get("X-Amz-Security-Token") == expected.get("X-Amz-Security-Token")


def test_credentials_show_no_secret():
    assert "s3cret" not in repr(Credentials("AKIA", "s3cret", "s3cret"))
    assert "s3cret" not in str([Credentials("AKIA", "s3cret", "s3cret")])
