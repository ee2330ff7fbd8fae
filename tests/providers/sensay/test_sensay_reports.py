"""Reports of all replicas on Discord, with one request for each page."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import ServerFaultError
from bot.providers.base.integration import State
from bot.providers.base.report import MAX_LENGTH, Report, Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.sensay_client import Acting, linked, organization, replica, user

LONG = "a name that nothing keeps but the answer that it came in, as it is not short"
"""The parser may reuse short texts between answers; these are longer."""


def many(number: int) -> dict[str, dict[str, Any]]:
    """Return so many replicas on Discord, by uuid."""
    listed = [replica(index) for index in range(number)]
    return {
        entry["uuid"]: {**entry, "private": True, "discord_integration": {"token": None, "is_active": True}}
        for entry in listed
    }


async def test_reports_are_what_the_list_holds(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """A report has the replica's name and state; Sensay names no server and no reason."""
    reports = await sensay.reports(organization(sensay, simulator), Wanted(), ResponseCache())
    assert reports.missing == set()
    assert "integration=discord" in simulator.requests[0].path
    assert set(reports.items) == {
        Report(simulator.ACTIVE, "Harbour Desk", State.CONNECTED),
        Report(simulator.PORTUGUESE, "Atendimento ao Cliente", State.CONNECTED),
        Report(simulator.INACTIVE, "Customer Care", State.INACTIVE),
        Report(simulator.UNDECIDED, "Billing Questions", State.UNKNOWN),
    }


@pytest.mark.parametrize("acting", [user, linked])
async def test_a_user_is_looked_up_once(
    sensay: SensayProvider, simulator: SensaySimulator, acting: Acting
) -> None:
    """With a user id the first check also reads the user, and every other check the list alone."""
    credentials, cache = acting(sensay, simulator), ResponseCache()
    for _ in range(3):
        reports = await sensay.reports(credentials, Wanted(), cache)
        assert simulator.ACTIVE not in {report.id for report in reports.items}
        assert reports.items
    paths = [received.path.partition("?")[0] for received in simulator.requests]
    assert paths == ["/v1/users/me", *["/v1/replicas"] * 3]


@pytest.mark.parametrize(("number", "requests"), [(0, 1), (100, 1), (250, 3), (501, 5)])
async def test_requests_are_as_many_as_pages(
    sensay: SensayProvider, simulator: SensaySimulator, number: int, requests: int
) -> None:
    """A hundred replicas take one request; of a list that is too long the first five pages are read."""
    simulator.replicas = many(number)
    reports = await sensay.reports(organization(sensay, simulator), Wanted(), ResponseCache())
    assert len(reports.items) == min(number, 500)
    assert len(simulator.requests) == requests


async def test_only_a_page_that_changed_is_parsed(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """The page that stayed the same gives the same objects, and the other page new ones."""
    credentials, cache = organization(sensay, simulator), ResponseCache()
    simulator.replicas = many(150)
    for number, entry in enumerate(simulator.replicas.values()):
        entry["name"] = f"{number:03} {LONG}"
    first = (await sensay.reports(credentials, Wanted(), cache)).items
    simulator.break_integration(first[120].id)
    second = (await sensay.reports(credentials, Wanted(), cache)).items
    same = [before.label is after.label for before, after in zip(first, second, strict=True)]
    assert same == [True] * 100 + [False] * 50
    assert [report.state for report in second].count(State.INACTIVE) == 1


async def test_texts_are_data(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """A name is only cut, a missing one is the UUID, and a replica with an impossible id is left out."""
    simulator.replicas = many(4)
    hostile, long, nameless, strange = simulator.replicas.values()
    hostile["name"], long["name"], nameless["name"] = "@everyone [a](b)\0\u202e", "x" * 5_000, None
    strange["uuid"] = "../" * 40
    simulator.fail(Answer(200, {"items": list(simulator.replicas.values()), "total": 4}))
    reports = await sensay.reports(organization(sensay, simulator), Wanted(), ResponseCache())
    labels = [report.label for report in reports.items]
    assert labels == ["@everyone [a](b)\0\u202e", "x" * MAX_LENGTH, nameless["uuid"]]


async def test_half_a_list_is_a_failure(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """An error on a later page fails the check, and nothing is concluded from the first pages."""
    simulator.replicas = many(250)
    simulator.fail(Answer(500), path="page_index=3")
    with pytest.raises(ServerFaultError):
        await sensay.reports(organization(sensay, simulator), Wanted(), ResponseCache())
