"""What Sensay says of all replicas on Discord, in as few requests as there are pages."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import ServerFaultError
from bot.kit.integration import State
from bot.kit.memo import Memo
from bot.kit.report import LONGEST, Report
from bot.kit.simulator import Answer
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.simulator import SensaySimulator
from tests.providers.sensay.acting import Acting, linked, organization, replica, user

LONG = "a name that nothing keeps but the answer that it came in, as it is not short"
"""Text that is short, the parser itself may keep from one answer to the next."""


def many(number: int) -> dict[str, dict[str, Any]]:
    """Return so many replicas on Discord, by uuid."""
    listed = [replica(index) for index in range(number)]
    return {
        entry["uuid"]: {**entry, "private": True, "discord_integration": {"token": None, "is_active": True}}
        for entry in listed
    }


async def test_reports_are_what_the_list_holds(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """Each replica on Discord has its name and its state; Sensay names no server and no reason."""
    reports = await sensay.reports(organization(sensay, simulator), (simulator.UNCONNECTED,), Memo())
    assert reports.complete
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
    """With a user id the first reading asks who that is, and every other one for the list alone."""
    credentials, memo = acting(sensay, simulator), Memo()
    for _ in range(3):
        reports = await sensay.reports(credentials, (), memo)
        assert simulator.ACTIVE not in {report.id for report in reports.items}
        assert reports.items
    paths = [received.path.partition("?")[0] for received in simulator.requests]
    assert paths == ["/v1/users/me", *["/v1/replicas"] * 3]


@pytest.mark.parametrize(
    ("number", "requests", "complete"), [(0, 1, True), (100, 1, True), (250, 3, True), (501, 5, False)]
)
async def test_requests_are_as_many_as_pages(
    sensay: SensayProvider, simulator: SensaySimulator, number: int, requests: int, complete: bool
) -> None:
    """A hundred replicas take one request, and a list too long to be read says that there is more."""
    simulator.replicas = many(number)
    reports = await sensay.reports(organization(sensay, simulator), (), Memo())
    assert (len(reports.items), reports.complete) == (min(number, 500), complete)
    assert len(simulator.requests) == requests


async def test_only_a_page_that_changed_is_parsed(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """Of two pages the one that stayed the same gives the very same texts, the other one new ones."""
    credentials, memo = organization(sensay, simulator), Memo()
    simulator.replicas = many(150)
    for number, entry in enumerate(simulator.replicas.values()):
        entry["name"] = f"{number:03} {LONG}"
    first = (await sensay.reports(credentials, (), memo)).items
    simulator.break_integration(first[120].id)
    second = (await sensay.reports(credentials, (), memo)).items
    same = [before.label is after.label for before, after in zip(first, second, strict=True)]
    assert same == [True] * 100 + [False] * 50
    assert [report.state for report in second].count(State.INACTIVE) == 1


async def test_texts_are_data(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """A name arrives as it is, but for its length; no name is the uuid, and what can be no id is left out."""
    simulator.replicas = many(4)
    hostile, long, nameless, strange = simulator.replicas.values()
    hostile["name"], long["name"], nameless["name"] = "@everyone [a](b)\0\u202e", "x" * 5_000, None
    strange["uuid"] = "../" * 40
    simulator.fail(Answer(200, {"items": list(simulator.replicas.values()), "total": 4}))
    reports = await sensay.reports(organization(sensay, simulator), (), Memo())
    labels = [report.label for report in reports.items]
    assert labels == ["@everyone [a](b)\0\u202e", "x" * LONGEST, nameless["uuid"]]


async def test_half_a_list_is_a_failure(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """Where a later page fails, the reading does: what is missing must not be taken for gone."""
    simulator.replicas = many(250)
    simulator.fail(Answer(500), path="page_index=3")
    with pytest.raises(ServerFaultError):
        await sensay.reports(organization(sensay, simulator), (), Memo())
