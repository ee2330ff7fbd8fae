"""Reads diagnoses as they are shown."""

import re

import simcord

from tests.support.harness import BotHarness, embed_of, field, final

OK, BAD, OPEN, SKIPPED, NOTED = "✅❌❔➖📌"
NUMBER = re.compile(r"(?m)^\d+\. ")


def verdicts(result: simcord.InteractionResult) -> str:
    """Return the symbols of the checks, in order; checks that share a line have one each."""
    symbols = []
    for line in (embed_of(result).description or "").splitlines():
        if re.match(r". \*\*[^<*]+\*\* · ", line):
            symbols.append(line[0])
        elif line.startswith((OK, SKIPPED)):
            symbols.append(line[0] * len(line.split(" · ")))
    return "".join(symbols)


def steps(result: simcord.InteractionResult) -> list[str]:
    """Return what the reader is told to do, in order."""
    value = field(result, embed_of(result).fields[-1].name or "")
    return [step.strip() for step in NUMBER.split(value) if step]


def file_of(harness: BotHarness, result: simcord.InteractionResult) -> str:
    """Return the text of the attached file."""
    (file,) = final(result).attachments
    assert file.filename == "diagnosis.txt"
    return (harness.env.backend.cdn.get(file.url) or b"").decode()
