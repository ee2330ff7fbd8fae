"""Every way in which a provider's answer can go wrong, and what a member reads then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import simcord

from bot.providers import providers
from bot.providers.base.simulator import Answer, Fault, GzipBomb, Reset, Slow, Truncated
from tests.support.english import english
from tests.support.harness import BotHarness, embed_of, shown

OUR_REFERENCE: Final = re.compile(r"Reference: PB-[2-9A-HJ-NP-Z]{8}$")
ROTATE: Final = "Enter new credentials"
NAMES: Final = {provider.slug: provider.name for provider in providers()}

_REQUEST_ID = "sim7::abcde::1700000000000-0123456789ab"
_PROVIDER_TEXT = "Ask again on Monday"
_STACK = "RunnerError: refused at /srv/runner/run.ts:7"


@dataclass(frozen=True)
class Failure:
    """A fault and the error that a member reads then.

    key: of the error's texts. status: None where no HTTP status was received. request_id: the provider's own
    reference, which comes with the provider's own text and a stack trace.
    """

    name: str
    fault: Fault
    key: str
    status: int | None = None
    request_id: str | None = None

    @property
    def footer(self) -> str:
        """The footer of a reply that has no reference of ours."""
        status = "" if self.status is None else f"HTTP {self.status}"
        reference = "" if self.request_id is None else f"Reference: {self.request_id}"
        return " · ".join(filter(None, (status, reference)))

    def of_entered_credentials(self, provider: str) -> Failure:
        """Return the failure for credentials that come from a form and are not stored yet."""
        entered = {"unauthorized": "entered_credentials_refused"}
        if provider == "toolzz":  # which answers 404 to the token alone as well, and so accepts it
            entered["not_found"] = "unknown_unit"
        return replace(self, key=entered.get(self.key, self.key))

    def of_a_unit(self) -> Failure:
        """Return the failure for a unit that Toolzz does not list although it accepts the token."""
        is_refusal = self.key in {"rejected", "forbidden", "not_found"}
        return replace(self, key="unknown_unit") if is_refusal else self

    def offers(self, button: str) -> list[str]:
        """Return the labels of the buttons below the error. button: the one that asks again."""
        asking = [] if self.key in {"not_found", "unknown_unit"} else [button]
        rotated = {"unauthorized", "intermediary_unauthorized", "unknown_unit"}
        return [*asking, ROTATE] if self.key in rotated else asking

    def strike(self, harness: BotHarness, provider: str, path: str = "") -> None:
        """Let all requests to a provider fail like this: aiohttp repeats a read that was reset."""
        if isinstance(self.fault, Slow):
            harness.expire_provider_deadlines()
        harness.simulator(provider).fail(self.fault, times=None, path=path)

    async def end(self, harness: BotHarness, provider: str) -> None:
        """Let requests succeed again, once the pause is over that the provider asked for."""
        harness.simulator(provider).heal()
        if isinstance(self.fault, Answer) and (seconds := self.fault.headers.get("Retry-After")):
            await harness.env.advance_time(int(seconds))

    def shows_in(self, harness: BotHarness, result: simcord.InteractionResult, provider: str) -> None:
        """Check the error's embed."""
        name = NAMES[provider]
        fields = {field.name: field.value or "" for field in embed_of(result).fields}
        assert embed_of(result).title == f"❌ {self._text(harness, provider, 'title')}"
        assert embed_of(result).description == self._text(harness, provider, "why")
        assert fields.pop("What to do").startswith(self._fix(harness, provider))
        assert (embed_of(result).footer.text or "").startswith(self.footer)
        if self.request_id is not None:
            assert fields == {english("problem.detail", provider=name): _PROVIDER_TEXT}
        else:
            assert fields == {}
            assert OUR_REFERENCE.search(shown(result))
        assert "run.ts" not in shown(result)

    def _text(self, harness: BotHarness, provider: str, part: str) -> str:
        """Return a text of the error: the one for this provider, or for a broken connection, if any."""
        found = (
            harness.texts.find(
                f"problem.{of}.{part}",
                provider=NAMES[provider],
                status=self.status or 0,
                seconds=0,
            )
            for of in (f"{provider}.{self.key}", f"{self.key}.broken", self.key)
        )
        return harness.linked(next(filter(None, found)))

    def _fix(self, harness: BotHarness, provider: str) -> str:
        """Return the beginning of what to do, up to the time if it names one."""
        if isinstance(self.fault, Answer) and "Retry-After" in self.fault.headers:
            return harness.texts(
                "problem.rate_limited.fix_wait", provider=NAMES[provider], time="<t:"
            ).partition(":")[0]
        return self._text(harness, provider, "fix")


def _refused(status: int, key: str, headers: Mapping[str, str] | None = None) -> Failure:
    """Return a refusal with the provider's own text, its request id and a stack trace."""
    body = {"error": _PROVIDER_TEXT, "request_id": _REQUEST_ID, "inner_exception": {"stack": _STACK}}
    name = f"{status}{'-wait' if headers else ''}"
    return Failure(name, Answer(status, body, headers or {}), key, status, _REQUEST_ID)


FAILURES: Final = (
    _refused(400, "rejected"),
    _refused(401, "unauthorized"),
    _refused(403, "forbidden"),
    _refused(404, "not_found"),
    _refused(409, "conflict"),
    _refused(415, "unsupported_media"),
    _refused(422, "rejected"),
    _refused(429, "rate_limited"),
    _refused(429, "rate_limited", {"Retry-After": "30"}),
    _refused(500, "server_fault"),
    Failure("401-html", Answer.html(401), "intermediary_unauthorized", 401),
    Failure("403-html", Answer.html(403), "intermediary", 403),
    Failure("404-html", Answer.html(404), "intermediary", 404),
    Failure("502-html", Answer.html(502), "server_fault", 502),
    Failure("302", Answer(302, b"", {"Location": "http://192.0.2.1/"}), "unexpected_status", 302),
    Failure("200-html", Answer.html(200), "not_json", 200),
    Failure("200-shape", Answer(200, {"items": 7, "data": 7}), "malformed_answer", 200),
    Failure("bomb", GzipBomb(), "too_large"),
    Failure("timeout", Slow(30), "timeout"),
    Failure("reset", Reset(), "unreachable"),
    Failure("truncated", Truncated(), "unreachable"),
)
WITHOUT_A_GOOD_ANSWER: Final = tuple(
    failure for failure in FAILURES if failure.request_id is None or failure.key == "server_fault"
)
"""After these it is unknown whether a write was carried out."""
NOT_OFFERED_AGAIN: Final = ("not_found", "unsupported_media")
"""The keys of the refusals after which a token is not asked for again."""
