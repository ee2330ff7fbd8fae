"""A replica that these credentials do not own gets no token, and a pasted UUID gets its name."""

import pytest

from bot.i18n.catalog import LOCALES
from bot.providers.base.simulator import Answer, Reset
from tests.support.handover_doubt import look
from tests.support.handover_steps import (
    CREATION,
    LIST,
    choose,
    hand_over,
    open_form,
    propose,
    remembered,
    sent,
)
from tests.support.harness import BotHarness, embed_of, field, final, labels, short
from tests.support.sensay_steps import act_as
from tests.support.short_replies import lines, show_details

TITLE = "problem.invalid_input.unknown_replica.title"


def in_capitals(harness: BotHarness, uuid: str) -> None:
    """Let Sensay list a replica under its UUID in capitals."""
    harness.sensay.replicas[uuid]["uuid"] = uuid.upper()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("replica", ["UNKNOWN", "FOREIGN"])
async def test_what_the_whole_list_lacks_is_refused(harness: BotHarness, replica: str, locale: str) -> None:
    """Nobody gets the token, Discord included, and no button offers the same again."""
    await harness.connect("sensay")
    harness.locale = locale
    refused = await propose(harness, getattr(harness.sensay, replica))
    assert embed_of(refused).title == f"⚠️ {harness.texts(TITLE)}"
    fix = harness.texts("problem.invalid_input.unknown_replica.fix")
    assert field(refused, harness.texts("problem.fix")) == harness.linked(fix)
    assert final(refused).ephemeral
    assert labels(refused) == []
    assert sent(harness) == []
    assert not harness.discord_api.requests
    assert await remembered(harness) == {}


@pytest.mark.parametrize("everything", [True, False])
async def test_somebody_elses_replica_is_refused(harness: BotHarness, everything: bool) -> None:
    """Acting as a user, another user's replica and a public one are unknown, even if Sensay lists both."""
    await act_as(harness, harness.sensay.OWNER)
    if everything:
        items = list(harness.sensay.replicas.values())
        harness.sensay.fail(Answer(200, {"items": items, "total": len(items)}), times=None, path=LIST)
    for replica in (harness.sensay.FOREIGN, harness.sensay.ACTIVE):
        refused = await propose(harness, replica)
        assert embed_of(refused).title == f"⚠️ {harness.texts(TITLE)}"
    assert sent(harness) == []


async def test_a_replica_that_goes_while_the_member_thinks_is_refused(harness: BotHarness) -> None:
    """The list is read again before the token is sent: what it lacks by then gets nothing."""
    await harness.connect("sensay")
    question = await propose(harness)
    del harness.sensay.replicas[harness.sensay.UNCONNECTED]
    refused = await choose(harness, question, "yes")
    assert embed_of(refused).title == f"⚠️ {harness.texts(TITLE)}"
    assert labels(refused) == labels(question) == []
    assert sent(harness) == []


async def test_who_was_told_that_nobody_knows_is_stopped_by_a_list_that_knows(harness: BotHarness) -> None:
    """The list could not be read for the question; read later, it shows that there is no such replica."""
    await harness.connect("sensay")
    harness.sensay.fail(Answer(500), path=LIST)
    question = await propose(harness, harness.sensay.UNKNOWN)
    assert harness.texts("sensay.connect.unread_short") in lines(question)
    await show_details(harness, question)
    assert field(question, "Replica not checked") == harness.texts("sensay.connect.unread_all")
    refused = await choose(harness, question, "yes")
    assert embed_of(refused).title == f"⚠️ {harness.texts(TITLE)}"
    assert sent(harness) == []


async def test_a_list_that_fails_later_stops_nobody(harness: BotHarness) -> None:
    """A replica that was listed for the question gets the token although the list fails afterwards."""
    await harness.connect("sensay")
    question = await propose(harness)
    harness.sensay.fail(Answer(500), times=None, path=LIST)
    done = await choose(harness, question, "yes")
    assert embed_of(done).title == "✅ Sensay accepted the bot token"


async def test_a_new_replica_is_known_at_once(harness: BotHarness) -> None:
    """A list that was read for suggestions before denies nothing: a replica made since is connected."""
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "")
    new = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e4ee"
    first = harness.sensay.replicas[harness.sensay.UNCONNECTED]
    harness.sensay.replicas[new] = {**first, "uuid": new, "name": "Night Watch"}
    question = await propose(harness, new)
    assert lines(question)[1] == short("Night Watch", new)


@pytest.mark.parametrize("capitals", [True, False])
@pytest.mark.parametrize("connected", [True, False])
async def test_a_pasted_uuid_is_shown_with_its_name(
    harness: BotHarness, capitals: bool, connected: bool
) -> None:
    """Question and outcome name the replica, and it is remembered by its name."""
    await harness.connect("sensay")
    replica = harness.sensay.PORTUGUESE if connected else harness.sensay.UNCONNECTED
    name = harness.sensay.replicas[replica]["name"]
    if capitals:
        in_capitals(harness, replica)
    assert name not in str((await open_form(harness, replica.upper())).modal)
    question = await propose(harness, replica.upper())
    assert lines(question)[1] == short(name, replica)
    done = await choose(harness, question, "yes")
    assert lines(question)[1] == lines(done)[0] == short(name, replica)
    assert (await remembered(harness))[replica].label == name


async def test_a_doubt_names_the_replica(harness: BotHarness) -> None:
    """The question above a doubt names the replica while no list can be read; a later look does, too."""
    await harness.connect("sensay")
    question = await propose(harness)
    harness.sensay.fail(Reset(), path=CREATION)
    harness.sensay.fail(Answer(500), times=None, path=LIST)
    doubtful = await choose(harness, question, "yes")
    name = short("Job Applications", harness.sensay.UNCONNECTED)
    assert lines(question)[1] == name
    harness.sensay.heal()
    assert field(await look(harness, doubtful), "Replica") == name


async def test_a_replica_is_called_as_it_is_called_now(harness: BotHarness) -> None:
    """A replica that was renamed since it was suggested has its new name in the question."""
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "")
    harness.sensay.replicas[harness.sensay.UNCONNECTED]["name"] = "Night Watch"
    assert lines(await propose(harness))[1] == short("Night Watch", harness.sensay.UNCONNECTED)


async def test_the_user_is_asked_for_once(harness: BotHarness) -> None:
    """Commands and checks with a user's credentials read the user when these are added, and never again."""
    await act_as(harness, harness.sensay.OWNER)
    for _ in range(2):
        await hand_over(harness, harness.sensay.UNCONNECTED)
        await harness.manager.slash(harness.channel, "sensay status")
        await harness.manager.slash(harness.channel, "sensay replicas")
        await harness.manager.slash(harness.channel, "sensay usage")
        await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "")
        await harness.bot.services.poller.check_guild(harness.guild.id)
        await harness.env.advance_time(61)
    asked = [request.path for request in harness.sensay.requests if request.path.endswith("/users/me")]
    assert len(asked) == 1
