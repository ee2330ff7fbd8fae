"""Compares which integrations a guild watches, and which it is asked about, with a table of all cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.monitoring.access import Access, AccessKind
from bot.features.monitoring.belonging import Belonging
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from tests.support.ids import GUILD, OTHER_GUILD

MEMBER = {AccessKind.USABLE, AccessKind.TIMED_OUT, AccessKind.NO_CHANNEL}
some = st.frozensets(st.sampled_from("ab"))


def belonging(
    *,
    own: frozenset[str] = frozenset(),
    ignored: frozenset[str] = frozenset(),
    watched: frozenset[str] = frozenset(),
    others: frozenset[str] = frozenset(),
    access: AccessKind | None = None,
) -> Belonging:
    """Return the answers for a check. access: what Discord says of the bot of ``a``, None if nothing."""
    result = CheckResult(
        GUILD,
        "toolzz",
        "default",
        1,
        CheckOutcome.ANSWERED,
        Reports(()),
        own,
        ignored=ignored,
        access={} if access is None else {"a": Access(access)},
    )
    return Belonging(result, watched, others)


def report(guild: str | None) -> Report:
    """Return a report of ``a``."""
    return Report("a", "A", State.CONNECTED, guild_id=guild)


guilds = st.sampled_from([None, str(GUILD), str(OTHER_GUILD), "", "0 OR 1=1"])


@given(guilds, some, some, some, some, st.none() | st.sampled_from(AccessKind))
def test_each_integration_is_watched_a_candidate_or_nothing(
    guild: str | None,
    own: frozenset[str],
    ignored: frozenset[str],
    watched: frozenset[str],
    others: frozenset[str],
    access: AccessKind | None,
) -> None:
    """What is linked, was watched, is placed here or a member is watched; what names no server may be."""
    answers = belonging(own=own, ignored=ignored, watched=watched, others=others, access=access)
    if "a" in ignored | others:
        expected = (False, False)
    elif "a" in own | watched or guild == str(GUILD):
        expected = (True, False)
    elif guild is not None:
        expected = (False, False)
    else:
        expected = (access in MEMBER, access not in MEMBER)
    found = report(guild)
    assert (answers.is_watched(found), answers.is_candidate(found)) == expected
    assert answers.is_known("a") is ("a" in own | ignored | watched | others)


@pytest.mark.parametrize("guild", [None, str(GUILD), str(OTHER_GUILD)])
@pytest.mark.parametrize("access", AccessKind)
def test_once_watched_is_watched(guild: str | None, access: AccessKind) -> None:
    """Neither another server nor anything that Discord says ends it."""
    assert belonging(watched=frozenset("a"), access=access).is_watched(report(guild))


@pytest.mark.parametrize("guild", [None, str(GUILD), str(OTHER_GUILD)])
def test_what_is_ignored_is_nothing(guild: str | None) -> None:
    """Also if it is linked, watched, here, and its bot a member."""
    everything = frozenset("a")
    answers = belonging(own=everything, watched=everything, ignored=everything, access=AccessKind.USABLE)
    assert not answers.is_watched(report(guild))
    assert not answers.is_candidate(report(guild))


def test_a_member_elsewhere_named_is_not_watched() -> None:
    """The provider's word that it runs in another server counts more than that the bot is here as well."""
    answers = belonging(access=AccessKind.USABLE)
    assert not answers.is_watched(report(str(OTHER_GUILD)))
    assert not answers.is_candidate(report(str(OTHER_GUILD)))
