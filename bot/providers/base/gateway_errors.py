"""Recognises why Discord refuses a bot, in the forms in which libraries report it.

The codes are those with which Discord closes a gateway connection:
https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway. Libraries report the number, its
name in their own spelling, or a sentence. A login by HTTP that Discord refuses has the status 401.
"""

import re
from typing import Final

_TOKEN: Final = "4004"  # noqa: S105 - a close code
_CODES: Final = {"401": _TOKEN, "4004": _TOKEN, "4013": "4013", "4014": "4014"}
# A number within a longer number, a decimal, a time or a word is another number.
_NUMBER: Final = r"(?<![0-9a-z])(?<![0-9][.,:/-])(401|4004|4013|4014)(?![0-9a-z])(?![.,:/-][0-9])"
_IN_WORD: Final = re.compile(_NUMBER)
# In a sentence a number counts only where it is said what it is: it may also count seconds or servers.
_IN_SENTENCE: Final = re.compile(
    r"(?:code|closed?|err|error|status|http(?:/[0-9.]+)?|(?:closed|failed|disconnected) with)"
    rf"[\s\"'_=:#(\[]*{_NUMBER}"
)
_AT_START: Final = re.compile(rf"\W*{_NUMBER}\s*(?:[:)\]-]+\s|\W*$)")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_INTENTS: Final = r"(?:gateway ?)?intents?(?: ?s)?"
_REFUSED: Final = r"(?:invalid|improper|incorrect|revoked|refused|reset)"
_PHRASES: Final = {
    "4014": (
        rf"disallowed ?{_INTENTS}",
        rf"privileged ?{_INTENTS}(?: ?required)?",
        rf"(?:missing|message ?content) ?{_INTENTS}",
        rf"{_INTENTS} (?:is |are )?(?:disallowed|not (?:allowed|approved|enabled|whitelisted))",
    ),
    "4013": (rf"(?:invalid|unknown) ?{_INTENTS}", rf"{_INTENTS} (?:is |are )?invalid"),
    _TOKEN: (
        rf"{_REFUSED} ?(?:discord ?)?(?:bot ?)?(?:authentication ?)?token",
        rf"token ?(?:is |was |has been )?{_REFUSED}",
        r"invalid ?authentication(?! credentials)",
        r"(?<!password )(?<!proxy )authentication ?fail(?:ed|ure)",
        r"login ?fail(?:ed|ure)",
        r"401 unauthori[sz]ed",
        r"^(?:http |error )?unauthori[sz]ed ?(?:error|exception)?$",
    ),
}
"""Words in lower case, with one blank between them, or none."""
_PATTERNS: Final = {
    code: re.compile("|".join(rf"(?<!\w)(?:{phrase})(?!\w)" for phrase in phrases))
    for code, phrases in _PHRASES.items()
}
_MAX_LENGTH: Final = 2000


def known_code(code: str, message: str = "") -> str | None:
    """Return the gateway's close code that an error stands for, None for an error that is none of the known.

    code, message: the error's, in any spelling; either may be empty. The message counts only where the code
    is not known.
    """
    code = code[:_MAX_LENGTH]
    if not any(map(str.isspace, code)) and (found := _IN_WORD.search(_UUID.sub(" ", code.lower()))):
        return _CODES[found[1]]
    return _in_text(code) or _in_text(message[:_MAX_LENGTH])


def _in_text(text: str) -> str | None:
    lowered = _UUID.sub(" ", text.lower())
    if found := _AT_START.match(lowered) or _IN_SENTENCE.search(lowered):
        return _CODES[found[1]]
    variants = (_words(text), _words(_CAMEL.sub(" ", text)))
    return next(
        (code for code, pattern in _PATTERNS.items() for words in variants if pattern.search(words)), None
    )


def _words(text: str) -> str:
    """Return the words in lower case, with one blank between them, and a bar between sentences."""
    sentences = re.split(r"[.!?;]\s", text.lower())
    return " | ".join(" ".join(re.findall(r"[^\W_]+", sentence)) for sentence in sentences)
