"""The pages with which a CDN or a proxy answers in the place of a provider."""

from collections.abc import Mapping
from typing import Final

from bot.providers.base.simulator import Answer

CF_RAY: Final = "8f0c1d2e3a4b5c6d-GRU"
"""The reference by which the CDN in ``CHALLENGE`` finds the request."""
CHALLENGE: Final = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title>'
    '<meta http-equiv="refresh" content="390"></head><body>Enable JavaScript and cookies</body></html>'
)

_HTML: Final = {"Content-Type": "text/html; charset=UTF-8"}
_CDN: Final = {**_HTML, "Server": "cloudflare", "CF-RAY": CF_RAY, "cf-mitigated": "challenge"}
_TEXT: Final = {"Content-Type": "text/plain"}
_PROBLEM: Final = {"Content-Type": "application/problem+json", "Server": "cloudflare"}

PAGES: Final[Mapping[str, tuple[object, Mapping[str, str]]]] = {
    "challenge": (CHALLENGE, _CDN),
    "blocked": (
        "<html><title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked",
        _CDN,
    ),
    "error-1020": ("error code: 1020", {**_TEXT, "Server": "cloudflare"}),
    "problem": (
        {
            "type": "about:blank",
            "title": "Error 1020: Access denied",
            "status": 403,
            "detail": "The site owner has restricted access",
            "error_code": 1020,
            "error_name": "access_denied",
            "cloudflare_error": True,
        },
        _PROBLEM,
    ),
    "envelope": ({"success": False, "errors": [{"code": 10000}], "messages": [], "result": None}, {}),
    "nginx": (
        "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center>nginx/1.25.3</center>\r\n",
        {**_HTML, "Server": "nginx/1.25.3"},
    ),
    "apache": ('<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<title>401 Unauthorized</title>', _HTML),
    "haproxy": ("<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.", _HTML),
    "akamai": ("<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD>Reference&#32;&#35;18&#46;9a", _HTML),
    "varnish": ("<?xml version='1.0'?><html><title>503 Guru Meditation</title></html>", _HTML),
    "bucket": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>',
        {"Content-Type": "application/xml", "Server": "AmazonS3"},
    ),
    "sign-in": ("<!doctype html><title>Sign in to the network</title><form></form>", _HTML),
    "text": ("Unauthorized", _TEXT),
    "sentence": ("404 page not found\n", _TEXT),
    "empty": (b"", {}),
    "blank": (b" \r\n", {}),
    "detail": ({"detail": "Not Found"}, {}),
    "object": ({}, {}),
    "array": (b"[]", {}),
    "array-of-errors": ([{"error": "no", "message": "no"}], {}),
    "string": (b'"x"', {}),
    "error-in-a-string": (b'"{\\"error\\": \\"no\\", \\"message\\": \\"no\\"}"', {}),
    "null": (b"null", {}),
    "number": (b"404", {}),
    "true": (b"true", {}),
    "half": (b'{"error": "no", "message": "n', {}),
    "utf-16": (CHALLENGE.encode("utf-16"), {"Content-Type": "text/html; charset=utf-16"}),
    "bytes": (b"\x00\xff\xfe", {}),
    "no-gzip": (b"no gzip", {"Content-Encoding": "gzip"}),
}
"""The body and the headers of each page, by a name of ours."""


def page(name: str, status: int) -> Answer:
    """Return a page with a status."""
    body, headers = PAGES[name]
    return Answer(status, body, headers)
