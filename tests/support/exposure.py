"""Everything that can be seen of a value, for tests that look for secrets."""

import traceback


def everything_said(value: object) -> str:
    """Return all that a log, a traceback or a debugger could show of a value.

    Of a traceback it has the errors and their causes, without the lines of source between them: those are
    the program's own, and to format them takes as long as the request that failed.
    """
    said = [repr(value), str(value)]
    if isinstance(value, BaseException):
        said += [repr(value.args), repr(vars(value)), *traceback.format_exception(value, limit=0)]
    return "\n".join(said)
