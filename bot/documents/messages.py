"""The error messages that members can see, grouped by what they were doing, in one language."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bot.documents.words import Words
from bot.errors import ProviderError
from bot.i18n.catalog import FORMS, MissingTextError, Texts, read_entries, string_folders
from bot.providers import providers

_KEY: Final = re.compile(r"problem\.(?P<error>[\w.]+)\.(title|why|fix)")
_CODE: Final = re.compile(r"(?P<code>\w+\.code\.\w+)\.(cause|fix)")
_ANY_PROVIDER: Final = "\ue000"
"""A name that no text has: words take its place once the articles are around it."""
_ANY_NAME: Final = re.compile(rf"(\A|[.!?] |\b(?:No|Which|a) |){_ANY_PROVIDER}")
"""That name, with what says whether it begins a sentence, or stands where English has no article."""
_BOT_RULES: Final = (
    "discord_token|own_token|application_id|public_key|client_secret|user_token|access_token|stored_secret"
)
_FORM_RULES: Final = "missing|too_short|too_long|not_a_choice|not_plain|needs|name|provider|same_value"
_ALERT_RULES: Final = (
    r"bot_cannot_post|you_cannot_post|you_cannot_mention|thread_\w+|alert_role|board_channel|states|checks"
    r"|remind|rule|which_rule|routes|escalate|no_role|same_rule|about_provider|mute|maintenance_\w+"
    r"|quiet_hours_\w+|time_zone\w*|not_yet"
)


class Message(NamedTuple):
    """An error's key, and what its message says."""

    key: str
    title: str
    why: str
    fix: str


def error_messages(texts: Texts, words: Words) -> str:
    """Return all error messages as Markdown, those of one provider below the ones that all share."""
    shared, *own = string_folders()
    names = {provider.slug: provider.name for provider in providers()}
    parts = list(_Writer(texts, words, shared).shared())
    for folder in own:
        slug = folder.parent.name
        parts += _Writer(texts, words, folder, names[slug]).of_provider(slug)
    return "\n\n".join(parts)


def group_of(key: str) -> str:
    """Return the group of an error by its key: the name of one of ``Words.groups``."""
    return next(group for group, pattern in _groups() if pattern.fullmatch(key))


@functools.cache
def _groups() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each group with the keys that belong to it; a key belongs to the first that matches."""
    patterns = {
        "access": r"not_allowed\.[\w.]+|not_served|not_in_server|outside_server|no_grant|grant_limit"
        r"|invalid_input\.(one_subject|everyone_manager|bot_subject)",
        "token": rf"preflight_\w+|invalid_input\.({_BOT_RULES})",
        "credentials": r"\w*unauthorized|entered_credentials_refused|forbidden|no_connection"
        rf"|no_such_connection|connection_\w+|\w+_secret|invalid_input\.(misplaced_\w+|{_FORM_RULES})",
        "provider": "|".join(each.key for each in _below(ProviderError)),
        "alerts": rf"no_route|no_incident|not_watched|invalid_input\.({_ALERT_RULES})",
        "values": r"invalid_input\.\w+",
        "other": r".+",
    }
    return tuple((group, re.compile(pattern)) for group, pattern in patterns.items())


def _below(kind: type[ProviderError]) -> Iterator[type[ProviderError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


class _Writer:
    """Writes the messages that the catalogue of one folder words.

    provider: the name of whose catalogue it is, by default one that stands for any provider.
    """

    def __init__(self, texts: Texts, words: Words, folder: Path, provider: str = _ANY_PROVIDER) -> None:
        self._texts = texts
        self._words = words
        self._provider = provider
        entries = read_entries(folder / f"{texts.locale}.po")
        self._keys = [entry.key for entry in entries if entry.key and entry.context is None]

    def shared(self) -> Iterator[str]:
        """Yield the messages of all providers and of none, by group."""
        messages = [self._message(key) for key in self._named(_KEY) if key != "outcome_unknown"]
        for group, title in self._words.groups.items():
            yield f"## {title}"
            yield from (_paragraph(each) for each in messages if group_of(each.key) == group)
            if group == "provider":
                yield f"### {self._filled(self._words.wait)}\n\n{self._text('problem.rate_limited.fix_wait')}"
                fix = self._text("problem.outcome_unknown.fix")
                yield f"### {self._filled(self._words.no_result)}\n\n{fix}"

    def of_provider(self, slug: str) -> Iterator[str]:
        """Yield the messages of one provider, and the codes that it reports of its agents."""
        if errors := self._named(_KEY):
            yield f"## {self._filled(self._words.of_provider)}"
        yield from (_paragraph(self._message(key, key.removeprefix(f"{slug}."))) for key in errors)
        if codes := self._named(_CODE):
            yield f"## {self._filled(self._words.codes)}"
        for code in codes:
            number = code.rpartition(".")[2]
            cause, fix = self._text(f"{code}.cause"), self._text(f"{code}.fix")
            yield _paragraph(Message(f"{slug}.{number}", f"`{number}`", cause, fix))

    def _message(self, key: str, general: str = "") -> Message:
        """Return a message. general: the key of another error.

        Where an error has no words of its own, it takes those of what it is a case of, then the other one's.
        """
        families = [family for each in (key, general) for family in _families(each)]
        title, why, fix = (
            next(filter(None, (self._find(f"problem.{family}.{part}") for family in families)))
            for part in ("title", "why", "fix")
        )
        return Message(key, title, why, fix)

    def _named(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the first group of each key that matches, once, in the catalogue's order."""
        return list(dict.fromkeys(match[1] for match in map(pattern.fullmatch, self._keys) if match))

    def _text(self, key: str) -> str:
        """Return a text. Raises MissingTextError where there is none."""
        found = self._find(key)
        if found is None:
            raise MissingTextError(f"{self._texts.locale}: {key}")
        return found

    def _find(self, key: str) -> str | None:
        """Return a text with words in place of its values, None where there is none."""
        values: dict[str, str] = {**self._words.values, "provider": self._provider}
        while True:
            try:
                text = self._texts.find(key, **values)
            except KeyError as missing:  # a value of which we have no words
                values[missing.args[0]] = self._words.any_value
            else:
                return None if text is None else self._shown(text)

    def _filled(self, text: str) -> str:
        """Fill the provider's name into one of our own words."""
        forms = {form: self._texts.form(form, self._provider) for form in FORMS}
        return self._shown(text.format(provider=self._provider, **forms))

    def _shown(self, text: str) -> str:
        """Write "the provider" where the name of any one stands."""
        text = text.replace(f"{self._words.provider} {_ANY_PROVIDER}", self._words.provider)
        text = _ANY_NAME.sub(lambda found: found[1] + self._noun(found[1], is_first=not found.start(1)), text)
        return re.sub(r"\*{3}(.+?)\*{3}", r"**\1**", text)

    def _noun(self, before: str, *, is_first: bool) -> str:
        """Return what stands for any provider's name.

        before: what is in front of it, as ``_ANY_NAME`` has it. is_first: whether the text begins with that.
        """
        if before.strip().isalpha():
            return self._words.provider
        said = self._words.the_provider
        return said[:1].upper() + said[1:] if before or is_first else said


def _families(key: str) -> Iterator[str]:
    """Yield a key, then what it is a case of: ``a.b.c``, ``a.b``, ``a``."""
    while key:
        yield key
        key = key.rpartition(".")[0]


def _paragraph(message: Message) -> str:
    return f'<a id="{message.key}"></a>\n\n### {message.title}\n\n{message.why} {message.fix}'
