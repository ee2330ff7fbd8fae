"""Says in words what an entry of the audit log is about and how it ended; the entry itself stays as it is."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from bot.discord.context import Services
from bot.discord.names import mention_member
from bot.discord.text import code, plain, quoted
from bot.features.audit.entry import Entry
from bot.features.audit.service import Labels
from bot.i18n.catalog import Texts
from bot.providers.base.integration import id_key

RESULT_SYMBOLS: Final[Mapping[str, str]] = {
    "done": "✅",
    "refused": "🚫",
    "failed": "❌",
    "unknown": "❔",
    "begun": "⏳",
}
_SUBJECT: Final = re.compile(
    r"(role|member|channel) · ([0-9]{1,20}|p[A-Za-z0-9_-]{22})(?: · ([a-z]+|rule [0-9]{1,12}))?"
)
_MENTIONS: Final = {"role": "<@&{}>", "member": "<@{}>", "channel": "<#{}>"}
_NUMBER: Final = re.compile(r"#([0-9]{1,12})")
_NUMBERED: Final = {
    "alerts.acknowledge": "incident",
    "alerts.maintenance": "maintenance",
    "audit.cut": "entries",
    "audit.export": "entries",
    "audit.rewritten": "entries",
    "audit.unsigned": "entries",
}
"""What a number counts, by action."""
_KEY: Final = re.compile(r"[a-z_]{1,64}")
_SEPARATOR: Final = " · "
_MAX_NAME: Final = 80
_ID_END: Final = 8
"""Characters of an agent's id beside its name."""


class KnownNames(NamedTuple):
    """Names for what entries name by a key. providers: by slug. agents: by slug and id; hostile text."""

    providers: Mapping[str, str]
    agents: Mapping[tuple[str, str], str]


def known_names(labels: Labels, services: Services, guild_id: int) -> KnownNames:
    """Add to a guild's labels what its providers have listed in the last minute: the latest name counts."""
    found = {**labels, **services.choices.labels(guild_id)}
    return KnownNames(
        services.provider_names, {(slug, id_key(agent)): label for (slug, agent), label in found.items()}
    )


def action_words(action: str, texts: Texts) -> str:
    """Name an action; one without a name, because somebody else wrote it, is shown as it is stored."""
    return texts.find(f"audit.action.{action}") or code(action, 64)


def target_words(entry: Entry, names: KnownNames, texts: Texts) -> str:
    """Say what an entry is about; what is not understood is shown as it is stored."""
    target = entry.target
    whole = {
        "": "—",
        "off": texts("audit.target.off"),
        f"server{_SEPARATOR}{entry.guild_id}": texts("audit.target.server"),
    }
    if target in whole:
        return whole[target]
    if (subject := _SUBJECT.fullmatch(target)) is not None:
        return _subject(entry, subject, texts)
    if (number := _NUMBER.fullmatch(target)) is not None and entry.action in _NUMBERED:
        return texts(f"audit.target.{_NUMBERED[entry.action]}", number=number[1])
    server, _, duration = target.rpartition(_SEPARATOR)
    if server and server in whole:
        return f"{whole[server]}{_SEPARATOR}{_duration(entry, duration, texts)}"
    slug, _, rest = target.partition(_SEPARATOR)
    if rest and slug in names.providers:
        return _of_provider(entry, slug, rest, names, texts)
    return code(target, 200)


def result_words(entry: Entry, names: KnownNames, texts: Texts) -> str:
    """Say how it ended, and why; what is not understood is shown as it is stored."""
    kind, _, reason = entry.result.partition(":")
    if kind not in RESULT_SYMBOLS:
        return code(entry.result, 64)
    result = f"{RESULT_SYMBOLS[kind]} {texts(f'audit.result.{kind}')}"
    if reason:
        result = f"{result} ({_reason(reason, entry, names, texts)})"
    return result if entry.times == 1 else f"{result}{_SEPARATOR}{texts.plural('audit.times', entry.times)}"


def member_words(entry: Entry, texts: Texts) -> str:
    """Name who caused an entry."""
    if entry.author is None:
        return "Patchbay"
    return mention_member(entry.member, texts)


def _subject(entry: Entry, subject: re.Match[str], texts: Texts) -> str:
    kind, number, more = subject.groups()
    is_everyone = kind == "role" and number == str(entry.guild_id)
    if is_everyone:
        mention = "`@everyone`"
    elif number.isdecimal():
        mention = _MENTIONS[kind].format(number)
    else:
        mention = mention_member(entry.subject if kind == "member" else None, texts)
    if more is None:
        return mention
    rule = more.removeprefix("rule ")
    named = texts.find(f"access.tier.{more}") if rule == more else texts("audit.target.rule", number=rule)
    return f"{mention}{_SEPARATOR}{named or code(more)}"


def _of_provider(entry: Entry, slug: str, rest: str, names: KnownNames, texts: Texts) -> str:
    """Name an agent, else the provider and the id; a connection has a name of its own."""
    agent, _, duration = rest.partition(_SEPARATOR)
    if entry.action.startswith("connection."):
        return f"{names.providers[slug]}{_SEPARATOR}{code(rest, 100)}"
    name = plain(names.agents.get((slug, id_key(agent)), ""), _MAX_NAME)
    shown = f"{names.providers[slug]}{_SEPARATOR}{code(agent, 100)}"
    if name:
        shown = f"{quoted(name)} ({code(agent[-_ID_END:])})"
    if not duration:
        return shown
    return f"{shown}{_SEPARATOR}{_duration(entry, duration, texts)}"


def _duration(entry: Entry, duration: str, texts: Texts) -> str:
    return texts.find(f"{entry.action}.for.{duration}") or code(duration, 64)


def _reason(key: str, entry: Entry, names: KnownNames, texts: Texts) -> str:
    """Name an error by its key; Discord has refused what is not about a provider."""
    if not _KEY.fullmatch(key):
        return code(key, 64)
    slug, _, rest = entry.target.partition(_SEPARATOR)
    values = {"provider": names.providers.get(slug, "Discord"), "name": code(rest, 64)}
    known = texts.find(f"audit.reason.{key}") or texts.find(f"problem.{key}.title", **values)
    return known or code(key, 64)
