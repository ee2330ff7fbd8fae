"""Checks whether each provider's API answers at its address, without credentials."""

from typing import Final

from bot.operating.doctor.finding import DoctorCheck, Finding, plain
from bot.operating.doctor.network import NETWORK, HttpAnswer, Network, NoAnswerError
from bot.providers.base.endpoint import ApiVersion, Endpoint
from bot.providers.base.provider import Provider

_ABSENT: Final = {404, 405, 410}
_TOO_MANY: Final = 429


def check_of(endpoint: Endpoint) -> DoctorCheck:
    """Return the check of an endpoint, which is named for its setting."""
    name = endpoint.setting.removeprefix("PATCHBAY_").lower().replace("_", "-")
    return DoctorCheck(f"provider-{name}", "providers", endpoint.setting)


async def examine_endpoint(
    provider: type[Provider], endpoint: Endpoint, url: str, network: Network
) -> Finding:
    """Ask for what the API refuses to strangers; that refusal shows that it is the API.

    A provider that is down is a warning: the others are served. An address at which something else answers
    is a failure, because waiting does not mend it.
    """
    check, version = check_of(endpoint), endpoint.version
    headers = {"Content-Type": "application/json"}
    if version is not None:
        headers[version.header] = version.pinned
    try:
        answer = await network.get(f"{url}{endpoint.path}", headers, is_provider=True)
    except NoAnswerError as error:
        return check.warning(f"{url} cannot be reached: {error}", NETWORK, url=url)
    facts = {"url": url, "status": answer.status}
    if answer.is_server_fault or answer.status == _TOO_MANY:
        fix = "Try again in a few minutes; its agents are shown as unknown meanwhile."
        return check.warning(f"{url} is down or overloaded ({answer})", fix, **facts)
    is_json, segments = isinstance(answer.content, dict | list), endpoint.path.split("/")
    if answer.is_redirect or answer.status in _ABSENT or (answer.is_success and not is_json):
        fix = f"Remove {endpoint.setting}, or correct its host and path: the vendor's is {endpoint.default}."
        return check.failed(f"the API does not answer at {url} ({answer})", fix, **facts)
    is_own = provider.error_format.matches(answer.status, segments, answer.body, answer.content)
    if not answer.is_success and not is_own:
        fix = "A proxy, a firewall or the network's login page may be in between; let this machine through."
        return check.warning(f"something else answers at {url} ({answer})", fix, **facts)
    found = f"{url} answers ({answer.status})"
    return check.ok(found, **facts) if version is None else _compare(check, found, version, answer, facts)


def _compare(
    check: DoctorCheck, found: str, version: ApiVersion, answer: HttpAnswer, facts: dict[str, object]
) -> Finding:
    served = answer.headers.get(version.header)
    if served is None:
        return check.ok(f"{found}; it does not say with which version", **facts)
    facts |= {"version": plain(served, 32), "pinned_version": version.pinned}
    if served == version.pinned:
        return check.ok(f"{found} with version {version.pinned}, as asked", **facts)
    return check.warning(
        f"{found} with version {served[:32]!a} where {version.pinned} was asked for",
        "Answers may read differently now: look for an update of Patchbay.",
        **facts,
    )
