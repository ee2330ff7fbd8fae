"""The Portuguese texts follow the writing guide: short, in its words, with the article of each provider."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from bot.discord.text import length
from bot.i18n.catalog import FORMS, load_catalog
from bot.providers import providers
from bot.providers.base.integration import State
from tests.support.catalogs import FOLDERS, filled, forms, messages, placeholders

PORTUGUESE: Final = "pt-BR"
# Patchbay's own limits, which are below Discord's, and 20 % more than in English.
LIMITS: Final = {
    r"^problem\.[\w.]+\.title$": 54,
    r"^problem\.[\w.]+\.why$": 144,
    r"^problem\.[\w.]+\.fix(_wait)?$": 192,
    r"^(?!problem\.)(?!credential\.\w+\.intro).*\.description$|^(?!problem\.).*\boption\.\w+$": 84,
    r"^credential\.\w+\.\w+\.label$|\.form$|^\w+\.connect\.token$": 45,
    r"^\w+\.connect\.token_how$|^toolzz\.form\.\w+_how$|^toolzz\.form\.\w+\.\w+_how$": 84,
    r"placeholder$|\.candidates$": 60,
    r"button$|connect\.look$|^confirm\.keep$|^token\.(yes|again|no|invite)$": 30,
    r"^(sensay|toolzz)\.\w+\.(yes|yes_remove|no)$": 30,
    r"^pages\.(back|forth|refresh|up)$": 30,
    r"_next$|\.next\.\w+$|_next_several$|^state\.fix\.": 144,
    r"_how$": 192,
    r"footer$|^problem\.reference$": 96,
    r"^diagnosis\.check\.\w+$|^toolzz\.check\.(?!look$)[a-z]+$": 30,
    r"^integrations\.status\.(provider|connection|since|id)$": 30,
    r"^toolzz\.status\.(active|server|bot|scope|mention|threads|last_\w+|error|permissions|welcome)$": 30,
    r"^toolzz\.status\.(agent|unit|token|created|updated|linked|left_out|checked|replies|details)$": 30,
    r"^sensay\.status\.(lists|here|by|checked)$|^sensay\.ask\.(question|took|history)$": 30,
    r"^setup\.step\.\w+$|^connections\.(name|credentials|verified)$|^privacy\.info\.(never|time|who)$": 30,
}
# Lists, steps and whole paragraphs, of which no line is a description.
LONG: Final = frozenset(
    {
        "access.grant.done_next",
        "privacy.delete.ask_how",
        "privacy.info_how",
    }
)
# Values of a common length.
VALUES: Final = {"provider": "Toolzz", "time": "há 12 minutos"}
ANY_VALUE: Final = "x" * 12
MAX_WORDS: Final = 24
MAX_TITLE: Final = 54
FRAGMENT: Final = re.compile(
    r"button$|placeholder$|\.title$|connect\.look$|\.form$|^(?!problem).*\boption\.|\.label$|^confirm\.keep$"
)
SENTENCE: Final = re.compile(r"^problem\.[\w.]+\.(why|fix|fix_wait)$|_next$|\.next\.\w+$")
# What the guide forbids, by the word that it wants. Only whole words count.
FORBIDDEN: Final = {
    "você": r"vocês|vcs?|a gente",
    "(nothing)": r"eu|infelizmente|desculpe|por favor",
    "servidor": r"guilda|guild",
    "provedor": r"plataformas?",
    "conexão": r"rotacionar|rotação",
    "enviar": r"entregar|entreguei|entregamos",
    "aplicativo": r"app|aplicação",
    "estado": r"situação|situações|status da integração",
    "Desconhecida": r"não se sabe|não sei|não conheço",
    "alerta": r"rota|rotas",
    "incidente": r"n\.º|nº",
    "assumir": r"cuido|cuidar dele",
    "painel": r"quadros?",
    "verificar": r"olh(?:e|ar|ei) de novo|ver de novo",
    "gestão": r"gerentes?",
    "leitura": r"observador(?:es)?",
    "dar acesso": r"liber(?:e|ar|ou|ado|ada|ação|ações)",
    "registro": r"audit log|log de auditoria",
    "solicitação": r"pedidos? (?:a|de|ao)",
    "quem hospeda": r"quem me hospeda|criadores",
    "ID": r"(?-i:id)",
    "clique em": r"pressione|aperte",
    "castigo": r"timeout|moderar membros|aplicar castigo",
    "expulsar": r"chutar|kickar",
    "cargo": r"funções",
    "tópico": r"threads?",
    "enquanto isso": r"nesse meio-tempo",
}
FORBIDDEN_WORD: Final = re.compile(
    r"(?<![\w-])(?:" + "|".join(FORBIDDEN.values()) + r")(?![\w-])", re.IGNORECASE
)
# Names of options and of values are what they are.
QUOTED: Final = re.compile(r"`[^`]*`|\]\([^)]*\)|\{\w+\}")
BARE_NAME: Final = re.compile(
    r"(?<!\w)(?:o|os|um|do|no|ao|pelo|em|de|por|para|com|entre|sobre|que|se) \{provider\}", re.IGNORECASE
)
# A form at the start of a sentence, and one with a capital inside it.
LOWER_FIRST: Final = re.compile(r"(?:^|[.!?] |\n|[✅⚠️❌❔⏳] )\{(?:" + "|".join(FORMS) + r")\}")
UPPER_INSIDE: Final = re.compile(r"[\w,] \{(?:" + "|".join(form.capitalize() for form in FORMS) + r")\}")
STATES: Final = ("Conectada", "Bloqueada", "Desconectada", "Com erro", "Inativa", "Desconhecida")
OPERATOR: Final = ("setup.missing_", "setup.invalid_", "setup.database_", "setup.already_", "setup.discord_")
PERMISSIONS: Final = (
    "Gerenciar servidor",
    "Castigar membros",
    "Ver canais",
    "Enviar mensagens",
    "Enviar mensagens em tópicos",
    "Inserir links",
    "Ver histórico de mensagens",
    "Criar tópicos públicos",
    "Mencionar @everyone, @here e todos os cargos",
)


def texts() -> Iterator[tuple[str, str]]:
    """Yield key and text of every form of every entry."""
    for folder in FOLDERS:
        for key, message in messages(folder, PORTUGUESE).items():
            for text in forms(message):
                yield key, text


def of_members() -> Iterator[tuple[str, str]]:
    """Yield what members read; the person who hosts the bot reads the errors of its start in a terminal."""
    return ((key, text) for key, text in texts() if not key.startswith(OPERATOR))


def shown(text: str) -> str:
    """Return a text as it is shown, with its values and without the addresses of its links."""
    named = {name: VALUES.get(name, ANY_VALUE) for name in placeholders(text)}
    return re.sub(r"\]\([^)]*\)", "]", filled(text, PORTUGUESE, named))


def test_a_text_fits_its_place() -> None:
    """A reply is read on a phone; what is longer than this is cut there or not read."""
    long = {
        (key, length(shown(text)), limit)
        for key, text in of_members()
        for pattern, limit in LIMITS.items()
        if re.search(pattern, key) and key not in LONG and length(shown(text)) > limit
    }
    assert long == set()


def test_every_limit_is_for_something() -> None:
    """Each pattern matches a key, and each exception is one."""
    keys = {key for key, _ in texts()}
    assert [pattern for pattern in LIMITS if not any(re.search(pattern, key) for key in keys)] == []
    assert LONG - keys == set()


def test_a_sentence_has_one_idea() -> None:
    """No semicolon joins two thoughts, and no sentence is too long to read at once."""
    assert [key for key, text in texts() if ";" in QUOTED.sub("", text)] == []
    sentences = ((key, each) for key, text in of_members() for each in re.split(r"[.!?:]\s|\n", shown(text)))
    assert [(key, each) for key, each in sentences if len(each.split()) > MAX_WORDS] == []


def test_the_words_are_those_of_the_glossary() -> None:
    """One word for each thing, and none that the guide forbids."""
    found = ((key, FORBIDDEN_WORD.search(QUOTED.sub("", text))) for key, text in texts())
    assert [(key, word[0]) for key, word in found if word] == []


def test_only_quiet_hours_have_a_silence() -> None:
    """What is muted is "silenciada"."""
    assert {key for key, text in texts() if "em silêncio" in text.lower()} == {"alerts.quiet_hours.now"}


def without_article(text: str, name: str) -> bool:
    """Tell whether a provider's name stands in a text in none of its forms."""
    shown_forms = [load_catalog()[PORTUGUESE].form(form, name) for form in FORMS]
    for form in shown_forms:
        text = re.sub(rf"(?<!\w){re.escape(form)}", "", text, flags=re.IGNORECASE)
    return name in text


def test_a_provider_s_name_has_its_article() -> None:
    """In a sentence the name stands in a form of its own; the bare name is for headings."""
    headings = {f"{provider.slug}.title" for provider in providers()}
    names = [provider.name for provider in providers()]
    written_out = ((key, text, name) for key, text in texts() for name in names if key not in headings)
    assert [key for key, text, name in written_out if without_article(text, name)] == []
    assert [key for key, text in texts() if BARE_NAME.search(text)] == []
    assert [key for key, text in texts() if LOWER_FIRST.search(text) or UPPER_INSIDE.search(text)] == []


@pytest.mark.parametrize("text", ["O Toolzz caiu", "em Toolzz", "Toolzz recusou", "da Toolzz ao Toolzz"])
def test_a_name_without_article_is_noticed(text: str) -> None:
    """What has another article than the name, or none, is found."""
    assert without_article(text, "Toolzz")
    assert not without_article("Veja na Toolzz. A Toolzz responde à Sensay pela Toolzz.", "Toolzz")


@pytest.mark.parametrize("text", ["em {provider}", "De {provider}", "por {provider}", "O {provider}"])
def test_a_bare_placeholder_is_noticed(text: str) -> None:
    """The pattern finds what it is for, and leaves alone what is right."""
    assert BARE_NAME.search(text)
    assert not BARE_NAME.search("{Do} {provider}: credenciais {no}")


def test_titles_and_buttons_have_no_period() -> None:
    """A fragment has none; what happened, why and what to do are sentences."""
    keys = {key for key, _ in texts()}
    fragments = [(key, text) for key, text in texts() if FRAGMENT.search(key) or f"{key}_how" in keys]
    assert [key for key, text in fragments if text.endswith(".")] == []
    assert [key for key, text in texts() if f"{key}_how" in keys and length(shown(text)) > MAX_TITLE] == []
    sentences = [(key, text) for key, text in texts() if SENTENCE.search(key)]
    assert [key for key, text in sentences if not re.search(r"[.:]$", text)] == []


def test_a_state_agrees_with_the_integration() -> None:
    """A state is said of "a integração" or "a réplica"."""
    found = dict(texts())
    assert tuple(found[f"state.{state}"] for state in State) == STATES
    assert (found["sensay.state.connected"], found["sensay.state.inactive"]) == ("Ativa", "Inativa")


def test_permissions_are_discord_s() -> None:
    """A permission has the name that Discord's own client shows."""
    assert set(PERMISSIONS) <= {text for key, text in texts() if key.startswith("permission.")}
