"""simcord's own words on the page, which it has in English only.

What is not named here (diagnostics, captures, polls, stickers) cannot be seen on the demo's page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class SimcordTexts:
    """What stands in place of simcord's words in one language.

    texts: by the whole text. patterns: JavaScript's regular expressions in order, each with what replaces its
    match.
    """

    texts: Mapping[str, str]
    patterns: tuple[tuple[str, str], ...] = ()


ENGLISH: Final = SimcordTexts({"SimCord selection draft": "Your selection"})
PORTUGUESE: Final = SimcordTexts(
    {
        "Only you can see this": "Só você pode ver esta mensagem",
        "Thinking…": "Pensando…",
        "(edited)": "(editado)",
        "Reply": "Responder",
        "Edit": "Editar",
        "Delete": "Excluir",
        "Pin": "Fixar",
        "Unpin": "Desafixar",
        "Message": "Mensagem",
        "Edit message": "Editar mensagem",
        "Cancel edit": "Cancelar edição",
        "Cancel reply": "Cancelar resposta",
        "You can use application commands here": "Você pode usar comandos aqui",
        "Conversation": "Conversa",
        "No messages in this channel.": "Este canal ainda não tem mensagens.",
        "Load earlier messages": "Carregar mensagens anteriores",
        "Newer messages": "Mensagens mais recentes",
        "New messages · jump to latest": "Mensagens novas · ir para a última",
        "Cancel": "Cancelar",
        "Submit": "Enviar",
        "Close modal": "Fechar formulário",
        "Dialog": "Formulário",
        "This field is required.": "Este campo é obrigatório.",
        "Choose at least one value.": "Escolha pelo menos uma opção.",
        "Choose one option.": "Escolha uma opção.",
        "Choose an available option.": "Escolha uma das opções.",
        "Enter a valid value.": "Digite um valor válido.",
        "Value length is outside the allowed range.": "O texto é curto ou longo demais.",
        "Value is outside the allowed range.": "O valor está fora do intervalo permitido.",
        "Select an option": "Escolha uma opção",
        "Select one or more options": "Escolha uma ou mais opções",
        "Clear selection": "Limpar seleção",
        "Search options": "Buscar opções",
        "Previous": "Anterior",
        "Next": "Próxima",
        "Options unavailable": "Opções indisponíveis",
        "Loading options": "Carregando opções",
        "Loading options failed": "Não deu para carregar as opções",
        "No options match": "Nenhuma opção encontrada",
        "No matching options": "Nenhuma opção encontrada",
        "No available options": "Nenhuma opção disponível",
        "Checking access to saved selections.": "Verificando o que foi escolhido.",
        "Wait for the current action to finish before applying.": "Aguarde a ação atual terminar.",
        "SimCord selection draft": "Sua seleção",
        "SimCord selection draft actions": "Sua seleção",
        "Apply": "Aplicar",
        "COMMANDS": "COMANDOS",
        "OPTIONS": "OPÇÕES",
        "MEMBERS": "MEMBROS",
        "ROLES": "CARGOS",
        "CHANNELS": "CANAIS",
        "Application commands": "Comandos",
        "Loading commands": "Carregando comandos",
        "Commands are unavailable": "Comandos indisponíveis",
        "Exit command mode": "Sair do comando",
        "True": "Verdadeiro",
        "False": "Falso",
        "This command is no longer available. Exit command mode to continue.": "O comando não existe mais.",
    },
    (
        ("^Message #(.+)$", "Conversar em #$1"),
        ("^Send message \\(Enter\\)$", "Enviar mensagem (Enter)"),
        ("^Save message \\(Enter\\)$", "Salvar mensagem (Enter)"),
        ("^Send$", "Enviar"),
        ("^Save$", "Salvar"),
        ("^(.+) used $", "$1 usou "),
        ("^Edited (.+)$", "Editado: $1"),
        ("^Editing message \\d+$", "Editando a mensagem"),
        ("^Replying to message \\d+$", "Respondendo à mensagem"),
        ("^Replying to (.+)$", "Respondendo a $1"),
        ("^Actions for (.+)$", "Ações para $1"),
        ("^\\+1 optional$", "+1 opcional"),
        ("^\\+(\\d+) optional$", "+$1 opcionais"),
        ("^\\+(\\d+) more$", "+$1"),
        ("^OPTIONS MATCHING (.+)$", "OPÇÕES COM $1"),
        ("^Remove (.+) option$", "Remover a opção $1"),
        ("^Command (/.+)$", "Comando $1"),
        ("^Show (.+) commands$", "Mostrar comandos do $1"),
        ("^0 selected\\. Choose (\\d+).(\\d+) options\\.$", "Escolha de $1 a $2."),
        ("^(\\d+) selected\\. Choose (\\d+).(\\d+) options\\.$", "Escolhidas: $1. Escolha de $2 a $3."),
        ("^(\\d+) options on this page$", "Opções nesta página: $1"),
        ("^Choose at least (\\d+) (?:option|options|value\\(s\\))\\.$", "Escolha pelo menos $1."),
        ("^Choose no more than (\\d+) (?:options|value\\(s\\))\\.$", "Escolha no máximo $1."),
        ("^Enter at least (\\d+) characters\\.$", "Digite pelo menos $1 caracteres."),
        ("^Enter no more than (\\d+) characters\\.$", "Digite no máximo $1 caracteres."),
        (
            "^This form will be submitted to (.+)\\. Do not share passwords or other sensitive information.$",
            "Este formulário será enviado para $1. Não compartilhe senhas nem outras informações sigilosas.",
        ),
    ),
)
SIMCORD: Final[Mapping[str, SimcordTexts]] = {"en-US": ENGLISH, "pt-BR": PORTUGUESE}
