"""What is secret by its name or its form is hidden in texts of other programs, and nothing else is."""

import base64
import json
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.masking import MASK, foreign
from growth import assert_linear

DATA = Path(__file__).parent / "data"
SECRET = "S3cret-Value"  # noqa: S105
BASIC = base64.b64encode(b"user:" + SECRET.encode()).decode()

# Every setting of the bundled plugins that the plugins themselves declare as a password, those that hold one within a
# longer text aside; and settings of logstash.yml.
SETTINGS = [
    "api_key", "api_token", "auth_pass", "cloud_auth", "client_secret", "community", "consumer_secret", "jdbc_password",
    "keystore_password", "oauth_token", "oauth_token_secret", "password", "priv_pass", "proxy_password", "sas_token",
    "schema_registry_secret", "secret_access_key", "security_token", "service_key", "session_token", "secret_token",
    "ssl_certificate_password", "ssl_key_passphrase", "ssl_key_password", "ssl_keystore_password",
    "ssl_truststore_password", "storage_access_key", "token", "truststore_password", "access_token", "ssl_passphrase",
    "api.auth.basic.password", "api.ssl.keystore.password", "xpack.monitoring.elasticsearch.api_key",
    "xpack.monitoring.elasticsearch.cloud_auth", "xpack.monitoring.elasticsearch.password",
    "xpack.management.elasticsearch.ssl.truststore.password", "LOGSTASH_KEYSTORE_PASS", "ES_PWD_TOKEN", "accessToken",
    "db_passwd", "X-Api-Key", "AWS_SECRET_ACCESS_KEY", "dbPassword", "encryptionKey",
]  # fmt: skip
# How Logstash, Java, YAML, JSON and command lines write a setting.
NOTATIONS = [
    '{0} => "{1}"',
    "{0} => '{1}'",
    "{0} => {1}",
    '"{0}"=>"{1}"',
    ':{0}=>"{1}"',
    '{{:{0}=>"{1}", :port=>9200}}',
    "{0}: {1}",
    '  {0}: "{1}"',
    "- {0}: '{1}'",
    '{{"{0}":"{1}","port":9200}}',
    '{{"{0}": "{1}"}}',
    "-Dx.{0}={1} -Xmx1g",
    "{0}={1}",
    "{0} = {1}",
    '{0}=>\n  "{1}"',
    ':message=>"{{\\"{0}\\":\\"{1}\\"}}"',
    '"{{\\\\\\"{0}\\\\\\":\\\\\\"{1}\\\\\\"}}"',
    "--{0} {1}",
    "--{0}={1}",
    '"[user][{0}]" => "{1}"',
    '[{0}] == "{1}"',
    '{0} => ["{1}", "{1}2"]',
    "?{0}={1}&x=1",
    ";{0}={1};encrypt=true",
    '{0} => "{1}',
]


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_hidden_in_every_notation(name):
    for notation in NOTATIONS:
        shown = foreign.hide(notation.format(name, SECRET))
        assert SECRET not in shown, notation
        assert MASK in shown
        assert name in shown


@pytest.mark.parametrize(
    "value",
    ['a"b', "a\\b", 'a\\"b" c', "it's", "a b c", "a,b}c]", "x=>y", 'a"b"c"', "#{x}", "a;b&c", "a: b", "${x} y", "nil!"],
)
def test_quoted_values_are_hidden_to_their_very_end(value):
    inspected = json.dumps(value)
    within = json.dumps({"m": json.dumps({"password": value, "after": 1})})
    for text in (
        f":password=>{inspected}, :after=>1}}",
        within,
        "password: '" + value.replace("'", "''") + "' # after",
    ):
        shown = foreign.hide(text)
        assert shown.count(MASK) == 1, text
        head, tail = shown.split(MASK)
        assert head.rstrip("\\\"' :=>").endswith("password")
        assert "after" in tail
        assert len(shown) < len(text) + len(MASK)
        for piece in ("b", "x", "!", "c"):
            assert piece not in tail.replace("after", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://user:pa:ss@host:9200/x", "http://user:*****@host:9200/x"),
        ("http://user:p@ss@host/x", "http://user:*****@host/x"),
        ("https://user:p%40ss%3A@host", "https://user:*****@host"),
        ('"https:\\/\\/user:pass@host\\/"', '"https:\\/\\/user:*****@host\\/"'),
        ("redis://:pass@127.0.0.1:6379/0", "redis://:*****@127.0.0.1:6379/0"),
        ("https://ghp_0123456789abcdef@host/x", "https://*****@host/x"),
        ("https://ghp_0123456789abcdef:x-oauth-basic@host/x", "https://*****:*****@host/x"),
        ("https://ghp_0123456789abcdef:@host/x", "https://*****@host/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("http://host:9200/a@b", "http://host:9200/a@b"),
        ("Authorization: Bearer abc.def", "Authorization: *****"),
        ('"Authorization"=>"Basic ' + BASIC + '"', '"Authorization"=>"*****"'),
        ("sent Bearer eyJhbGciOi.x-y_z to", "sent Bearer ***** to"),
        ("sent Basic " + BASIC, "sent Basic *****"),
        ("ApiKey aWQ6a2V5", "ApiKey *****"),
        (
            "Endpoint=sb://h/;SharedAccessKeyName=read;SharedAccessKey=mm6A+b/c=;EntityPath=x",
            "Endpoint=sb://h/;SharedAccessKeyName=read;SharedAccessKey=*****;EntityPath=x",
        ),
        (
            "DefaultEndpointsProtocol=https;AccountName=n;AccountKey=ab+/==;EndpointSuffix=core",
            "DefaultEndpointsProtocol=https;AccountName=n;AccountKey=*****;EndpointSuffix=core",
        ),
        ("https://h/c?sv=1&sig=a%2Fb&se=2", "https://h/c?sv=1&sig=*****&se=2"),
        (
            'jdbc_connection_string => "jdbc:sqlserver://h;user=sa;password={a;b};encrypt=true"',
            'jdbc_connection_string => "jdbc:sqlserver://h;user=sa;password=*****;encrypt=true"',
        ),
        ("jdbc:mysql://h/db?user=u&password=p&x=1", "jdbc:mysql://h/db?user=u&password=*****&x=1"),
        ("jdbc:oracle:thin:scott/tiger@h:1521:x", "jdbc:oracle:thin:scott/*****@h:1521:x"),
        (
            ':sasl_jaas_config=>"x required username=\\"u\\" password=\\"p\\";"',
            ':sasl_jaas_config=>"x required username=\\"u\\" password=\\"*****\\";"',
        ),
        ("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb", "a\n*****\nb"),
        ('"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n"', '"*****\\n"'),
        ("-----BEGIN PRIVATE KEY-----\ncut off", "*****"),
        ("password: correct horse battery # why", "password: ***** # why"),
        ("b: 1\n  token: a b\nc: 2", "b: 1\n  token: *****\nc: 2"),
        ("b: 1\n  token: |-\n    a b\n\n    c\n  c: 2", "b: 1\n  token: *****\n  c: 2"),
        ("- password: >\n    a b\n- c: 2", "- password: *****\n- c: 2"),
        ("password: |\r\n  a\r\n", "password: *****\r\n"),
        ("http://user:pa/ss@host:9200/x", "http://user:*****@host:9200/x"),
        ("http://user:a#b?c@host and http://host:92/a@b", "http://user:*****@host and http://host:92/a@b"),
        ("<SecretAccessKey>ab+/c</SecretAccessKey><a>b</a>", "<SecretAccessKey>*****</SecretAccessKey><a>b</a>"),
        ("<s:password>ab c</s:password>", "<s:password>*****</s:password>"),
        ("https://h/x?X-Amz-Signature=ab12&x=1", "https://h/x?X-Amz-Signature=*****&x=1"),
    ],
)
def test_forms(text, expected):
    assert foreign.hide(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "password => nil",
        ":api_key=>nil, :port=>1",
        "password => <password>",
        ":password=><password>, :x=>1",
        'token => ""',
        "ssl.key.password = null",
        "ssl.keystore.password = [hidden]",
        'password => "${ES_PWD}"',
        "password: ${ES_PWD}",
        'tokenizer => "standard"',
        '"tokenizer":"standard"',
        "secretary: Smith",
        "compass: north",
        "PWD=/root",
        "bypass => true",
        "JSON::ParserError: unexpected token at 'foo'",
        "syntax error, unexpected token: 'foo'",
        "pattern %{TOKEN:x} not defined, nor %{DB_PASSWORD:y}",
        "http://host:9200/a@b?c@d",
        "http://[::1]:9200/a@b",
        "signature: 3",
        "<password></password>",
        "<passwords><user>a</user></passwords>",
        "Unrecognized token 'abc': was expecting ('true', 'false')",
        "the password was incorrect",
        "Basic authentication is used",
        "Bearer token is missing",
        'Bearer realm="x"',
        "org.logstash.secret.store.SecretStoreException: Found a file, but it is no keystore",
        "Cannot evaluate `${X}`. Replacement variable `X` is not defined in a Logstash secret store",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:elb-logs-AbCdEf",
        "access_key_id => AKIAEXAMPLE",
        "LogStash::Util::Password::new",
        "https://www.example.com/path?q=a@b",
        "xpack.security.enabled: true",
        "host: 127.0.0.1",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    ],
)
def test_what_says_nothing_stays(text):
    assert foreign.hide(text) == text


def test_nothing_matches_in_logs_of_the_genuine_program():
    logs = sorted(DATA.glob("*.log"))
    assert logs
    for log in logs:
        text = log.read_text()
        assert foreign.hide(text) == text, log.name


@pytest.mark.parametrize(
    "piece",
    [
        "?a=b&",
        "&sig=x",
        "%26a%3D",
        "%3Fsig%3D",
        "%25",
        "?%25",
        "&amp;",
        ";a",
        "?" + "a" * 80,
        "password",
        "password=",
        'password="',
        'password=\\"',
        "password=>\n",
        "token:",
        "://",
        "://a:",
        "-----BEGIN PRIVATE KEY-----",
        "\\",
        '"',
        "'",
        "a",
        " ",
        "Bearer ",
        "basic abcd",
        "password=[",
        "secret.",
        "--password ",
        ":thin:a/",
        "://a:b/",
        "<password>a",
        "<a:secret",
        "password: |\n  a\n",
        "\npassword: |\n ",
        "password='",
        "''",
    ],
)
def test_time_grows_with_the_length_alone(piece):
    assert_linear(lambda size: foreign.hide(piece * size), 4000)


def test_names_of_variables():
    assert all(
        map(foreign.is_secret_name, ["es_password", "aws_secret_key", "api_key", "ansible_become_pass", "passwords"])
    )
    assert not any(
        map(foreign.is_secret_name, ["elb_log_shipper_secret_arns", "password_file", "tokenizer", "key", "compass"])
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://token@host/x", "https://*****@host/x"),
        ("https://s3cr3t@host:8443", "https://*****@host:8443"),
        ("https://host/x.deb?X-Amz-Date=1&X-Amz-Signature=abc123&x=1", "https://host/x.deb?X-Amz-Date=1&X-Amz-Signature=*****&x=1"),
        ("s3://b/k?X-Amz-Security-Token=a%2Fb%3D&y=2", "s3://b/k?X-Amz-Security-Token=*****&y=2"),
        ("https://a.blob.example/x?sv=2024-01-01&sig=a%2Bb%3D", "https://a.blob.example/x?sv=2024-01-01&sig=*****"),
        ("https://h/?token=abc", "https://h/?token=*****"),
        ("https://h/?Access_Token=abc#top", "https://h/?Access_Token=*****#top"),
        ("https://h/?a=1&amp;api_key=abc&amp;b=2", "https://h/?a=1&amp;api_key=*****&amp;b=2"),
        ("https://h/?Expires=1&Signature=abc~d_&Key=x", "https://h/?Expires=1&Signature=*****&Key=x"),
        ("https://h/?%73ig=abc&b=2", "https://h/?%73ig=*****&b=2"),
        ("https://h/?X%2DAmz%2DSignature=abc", "https://h/?X%2DAmz%2DSignature=*****"),
        ("https%3A%2F%2Fh%2Fx%3Fsv%3D1%26sig%3Dabc%26se%3D2", "https%3A%2F%2Fh%2Fx%3Fsv%3D1%26sig%3D*****%26se%3D2"),
        ("https://p/?u=https%253A%252F%252Fh%253Fsig%253Dabc%2526x%253D1&y=1", "https://p/?u=https%253A%252F%252Fh%253Fsig%253D*****%2526x%253D1&y=1"),
        ('{"url": "https://h/?a=1\\u0026sig=abc"}', '{"url": "https://h/?a=1\\u0026sig=*****"}'),
        ("fetch 'https://h/?token=abc': 404", "fetch 'https://h/?token=*****': 404"),
    ],
)  # fmt: skip
def test_signatures_and_tokens_of_urls_are_hidden_in_every_text(url, shown):
    assert foreign.hide_forms(url) == shown
    assert foreign.hide(url) == shown
    assert foreign.hide_forms(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://h/?q=token&tokenizer=x&a=%26b",
        "https://h/?token=&x=1",
        "https://h/?token=${TOKEN}",
        "https://h/?token=#{Token}",
        "ssh://git@host/x",
        "what?no=1; yes",
    ],
)
def test_what_is_no_credential_of_a_url_stays(text):
    assert foreign.hide_forms(text) == text
