"""Credentials are sent encrypted or to this machine only, and to the host that was checked."""

import contextlib
import ipaddress
from base64 import b64encode
from urllib.parse import quote

import httpx
import pytest
import yarl
from hypothesis import example, given
from hypothesis import strategies as st

from bot.providers.base.endpoint import check_own_url, check_url, is_loopback, secrets_in
from bot.providers.base.redaction import Redactor

schemes = st.sampled_from(["http", "https", "HTTPS", "ws", "wss", "ftp", "file", "javascript", ""])
hosts = st.sampled_from(
    ["api.example", "127.0.0.1", "localhost", "[::1]", "127.0.0.1.example", "localhost.example", "10.0.0.1"]
) | st.text(max_size=12)
urls = st.builds(
    "{}://{}{}{}".format,
    schemes,
    hosts,
    st.sampled_from(["", ":1", ":443", ":x", ":99999"]),
    st.text(max_size=12),
)


def accepted(url: str, **schemes: str) -> str | None:
    """Return the checked URL, None if it is refused."""
    with contextlib.suppress(ValueError):
        return check_url(url, **schemes)
    return None


def address(host: str) -> object:
    """Return a host in its normal form."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host)
    return host


@given(st.text() | urls)
@example("https://api.example\\@evil.example/")
@example("https://api.example\\.evil.example/")
@example("https://api.exa\nmple/")
@example("http://127.0.0.1@evil.example/")
@example("http://localhost:80@evil.example/")
@example("http://127.0.0.1?.evil.example")
@example("http://127.0.0.1#.evil.example")
@example("https://api.example?")
@example("https://api.example#")
@example("https://@api.example")
@example(" https://api.example")
@example("https://api.example/ü")
@example("HTTP://0[::1]")
@example("HTTP://[::1]0")
@example("HTTP://[0::1]")
@example("https://256.1.1.1")
@example("https://[v1.x]")
@example("https://xn--a")
def test_what_is_accepted_is_safe_to_send_credentials_to(url: str) -> None:
    """An accepted URL is https, or http on loopback, and both HTTP libraries see the same host in it."""
    checked = accepted(url)
    if checked is None:
        return
    sent, seen = httpx.URL(f"{checked}/v1/users"), yarl.URL(f"{checked}/v1/users")
    assert sent.scheme == "https" or (sent.scheme == "http" and is_loopback(sent.host))
    assert address(sent.host) == address(str(seen.host))
    assert sent.path.endswith("/v1/users")
    assert (sent.userinfo, sent.query, sent.fragment) == (b"", b"", "")


@given(urls)
def test_a_refusal_does_not_repeat_the_url(url: str) -> None:
    """The reason is a fixed text and cannot hold a password of the URL."""
    marked = url.replace("://", "://user:CANARY@", 1)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is looked at
        check_url(marked)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://api.example", "https://api.example"),
        ("https://api.example/", "https://api.example"),
        ("https://api.example:8443/api/v1//", "https://api.example:8443/api/v1"),
        ("http://127.0.0.1:8080/chat/api/v1", "http://127.0.0.1:8080/chat/api/v1"),
        ("http://LOCALHOST:1", "http://LOCALHOST:1"),
        ("http://[::1]:1/", "http://[::1]:1"),
        ("https://10.0.0.1", "https://10.0.0.1"),
    ],
)
def test_good_urls_lose_only_their_last_slash(url: str, checked: str) -> None:
    """Port, path and case stay, and a path can be appended."""
    assert check_url(url) == checked


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example",
        "//api.example",
        "https://",
        "https:///path",
        "https://:443",
        "https://[::1",
        "https://api.example:port",
        "https://api.example:65536",
        "https://user@api.example",
        "https://user:password@api.example",
        "https://api.example?key=1",
        "https://api.example#top",
        "https://api.example/a b",
        "http://api.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://169.254.169.254",
        "http://[::ffff:10.0.0.1]",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://2130706433",
        "ftp://api.example",
        "ws://127.0.0.1",
        "wss://api.example",
        "file:///etc/passwd",
    ],
)
def test_bad_urls_are_refused(url: str) -> None:
    """A URL is refused without a host, with a wrong port, with extra parts, another scheme, or plain and
    remote.
    """
    assert accepted(url) is None


def test_a_gateway_is_held_to_the_same_rules() -> None:
    """For a websocket the schemes are wss and ws."""
    schemes = {"secure": "wss", "plain": "ws"}
    assert accepted("wss://gateway.example/", **schemes) == "wss://gateway.example"
    assert accepted("ws://127.0.0.1:1", **schemes) == "ws://127.0.0.1:1"
    for url in ("ws://gateway.example", "https://gateway.example", "http://127.0.0.1"):
        assert accepted(url, **schemes) is None


@given(st.ip_addresses())
def test_loopback_is_what_the_address_says(address: object) -> None:
    """Only addresses of this machine are loopback, in IPv4 and IPv6."""
    assert is_loopback(str(address)) == (str(address).startswith("127.") or str(address) == "::1")


OWN = [
    "http://192.168.0.2:3001/api/push/FAKE-KEY?status=up&msg=OK&ping=",
    "https://hc-ping.example/00000000-0000-4000-8000-000000000000",
    "http://kuma",
    "https://user:pass%40word@status.example/ping",
]


@pytest.mark.parametrize("url", OWN)
def test_a_hosts_own_url_stays_as_it_is(url: str) -> None:
    """Any machine may be called, without TLS too; login, path and query stay."""
    assert check_own_url(url) == url


@pytest.mark.parametrize(
    "url", ["http://proxy.example:3128", "http://proxy", "https://user:pass%40word@proxy.example:3128/"]
)
def test_a_proxy_has_a_host_and_perhaps_a_login(url: str) -> None:
    """It is named by scheme, host, port and login."""
    assert check_own_url(url, is_proxy=True) == url


@given(
    st.text() | urls | st.builds("http://{}:{}@{}".format, st.text(max_size=9), st.text(max_size=9), hosts)
)
@example("http://proxy.example\\@evil.example/")
@example("http://user:a/b@proxy.example")
@example("http://user:a#b@proxy.example")
@example("http://user:a?b@proxy.example")
def test_both_libraries_read_an_own_url_alike(url: str) -> None:
    """An accepted URL has the same host, user, password and query for httpx and for aiohttp."""
    try:
        checked = check_own_url(url)
    except ValueError as error:
        assert str(error) in REASONS  # noqa: PT017 - the message is what is looked at
        return
    sent, seen = httpx.URL(checked), yarl.URL(checked)
    assert sent.scheme in {"http", "https"}
    assert address(sent.host) == address(str(seen.host))
    assert (sent.username, sent.password) == (seen.user or "", seen.password or "")


REASONS = {
    "is not a URL",
    "is not a URL with a host",
    "must start with http:// or https://",
    "must not hold blanks, backslashes, # or anything but ASCII",
    "must spell special characters of its user and password like %40",
    "must end with the host and the port",
}
"""None of them repeats the URL."""


@given(user=st.text(min_size=1, max_size=12), password=st.text(min_size=8, max_size=24), path=st.uuids())
def test_a_secret_url_is_masked_in_every_spelling(user: str, password: str, path: object) -> None:
    """What is logged of the URL shows neither the password, as it is or encoded, nor the path."""
    login, spelled = f"{user}:{password}", f"{quote(user, safe='')}:{quote(password, safe='')}"
    redactor = Redactor()
    redactor.keep(secrets_in(check_own_url(f"https://{spelled}@host.example/{path}?status=up")))
    header = b64encode(login.encode()).decode()
    cleaned = redactor.clean(f"<{password}> <{spelled}> <{header}> <https://host.example/{path}?status=up>")
    for secret in (password, quote(password, safe=""), header, str(path)):
        assert secret not in cleaned.replace("[redacted]", "")


def test_short_words_of_a_url_are_not_masked_elsewhere() -> None:
    """A short password or path is an ordinary word: only the whole URL is masked."""
    redactor = Redactor()
    redactor.keep(secrets_in("http://me:open@host.example/up"))
    assert redactor.clean("the shop is open, up") == "the shop is open, up"
    assert "open" not in redactor.clean("via http://me:open@host.example/up")
