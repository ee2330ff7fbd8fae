"""The words of the generated parts that are in no catalogue, because no reply of the bot shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.features.access.tier import Tier


@dataclass(frozen=True)
class Words:
    """The words of one language.

    who: by tier. kinds: of a value that is typed or chosen, by Discord's number of the option's type. groups:
    headings of the error messages, by name. values: what stands in a message in place of a value, by the
    name of the placeholder.
    """

    folder: str
    command: str
    description: str
    audience: str
    who: Mapping[Tier, str]
    option: str
    value: str
    required: str
    suggestions: str
    one_of: str
    whole_number: str
    default_no: str
    limit: str
    limit_together: str
    menus: str
    kinds: Mapping[int, str]
    groups: Mapping[str, str]
    of_provider: str
    codes: str
    wait: str
    no_result: str
    provider: str
    the_provider: str
    any_value: str
    values: Mapping[str, str]


ENGLISH: Final = Words(
    folder="en",
    command="command",
    description="what it does",
    audience="who can use it",
    who={Tier.NONE: "everyone", Tier.VIEWER: "viewers", Tier.MANAGER: "managers"},
    option="option",
    value="value",
    required="required",
    suggestions="text, with suggestions as you type",
    one_of="one of: {choices}",
    whole_number="a whole number from {low} to {high}",
    default_no="`True` or `False` (default: `False`)",
    limit="Each member can run it {times} times in {seconds} seconds.",
    limit_together="All members of a server together: {times} times in {seconds} seconds.",
    menus="Apps menu",
    kinds={
        3: "text",
        5: "`True` or `False`",
        6: "a member",
        7: "a channel",
        8: "a role",
        9: "a role or member",
    },
    groups={
        "access": "You or Patchbay need a permission",
        "token": "A bot token isn't accepted",
        "credentials": "Credentials are missing or don't work",
        "provider": "A provider refuses or doesn't respond",
        "alerts": "Alerts, maintenance, and the board",
        "values": "A value isn't accepted",
        "other": "Discord, and everything else",
    },
    of_provider="Only with {provider}",
    codes="Error codes that {provider} reports",
    wait="If {provider} says how long to wait",
    no_result="If it's unknown whether a change was made",
    provider="provider",
    the_provider="the provider",
    any_value="…",
    values={
        "channel": "#channel",
        "choices": "*the choices*",
        "input": "*field*",
        "limit": "*a number*",
        "max": "*a number*",
        "min": "*a number*",
        "name": "*name*",
        "names": "*their names*",
        "other": "*other field*",
        "permissions": "*permissions*",
        "role": "@role",
        "roles": "*roles*",
        "seconds": "*a number of*",
        "server": "*server*",
        "time": "*at the time shown*",
        "unit": "*unit ID*",
        "until": "*at the time shown*",
    },
)
PORTUGUESE: Final = Words(
    folder="pt",
    command="comando",
    description="o que faz",
    audience="quem pode usar",
    who={
        Tier.NONE: "qualquer pessoa",
        Tier.VIEWER: "quem tem acesso de leitura",
        Tier.MANAGER: "quem tem acesso de gestão",
    },
    option="opção",
    value="valor",
    required="obrigatória",
    suggestions="texto, com sugestões enquanto você digita",
    one_of="uma destas: {choices}",
    whole_number="um número inteiro de {low} a {high}",
    default_no="`True` ou `False` (padrão: `False`)",
    limit="Cada membro pode usar {times} vezes em {seconds} segundos.",
    limit_together="Todos os membros de um servidor juntos: {times} vezes em {seconds} segundos.",
    menus="Menu Aplicativos",
    kinds={
        3: "texto",
        5: "`True` ou `False`",
        6: "um membro",
        7: "um canal",
        8: "um cargo",
        9: "um cargo ou membro",
    },
    groups={
        "access": "Falta uma permissão a você ou ao Patchbay",
        "token": "Um token de bot não é aceito",
        "credentials": "Faltam credenciais, ou elas não funcionam",
        "provider": "Um provedor recusa ou não responde",
        "alerts": "Alertas, manutenção e painel",
        "values": "Um valor não é aceito",
        "other": "Discord e todo o resto",
    },
    of_provider="Só com {o}",
    codes="Códigos de erro que {o} informa",
    wait="Se {o} diz quanto tempo esperar",
    no_result="Se não há certeza de que a mudança foi feita",
    provider="provedor",
    the_provider="o provedor",
    any_value="…",
    values={
        "channel": "#canal",
        "choices": "*as opções*",
        "input": "*campo*",
        "limit": "*um número*",
        "max": "*um número*",
        "min": "*um número*",
        "name": "*nome*",
        "names": "*os nomes*",
        "other": "*outro campo*",
        "permissions": "*permissões*",
        "role": "@cargo",
        "roles": "*cargos*",
        "seconds": "*tantos*",
        "server": "*servidor*",
        "time": "*no horário mostrado*",
        "unit": "*ID da unidade*",
        "until": "*no horário mostrado*",
    },
)
WORDS: Final[Mapping[str, Words]] = {"en-US": ENGLISH, "pt-BR": PORTUGUESE}
