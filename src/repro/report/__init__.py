"""Documents for people: a run, or a comparison of records, as Markdown and as one HTML page.

A page is one file that loads nothing and runs nothing. It is whole without matplotlib; with it, by
the extra ``plots``, there are pictures too.
"""

from repro.core.sentences import number
from repro.report.card import card
from repro.report.command import CommandFacts, command_html, command_markdown
from repro.report.run import Facts, Request, compile_templates, html, markdown
from repro.report.templating import take_compiled

__all__ = [
    "CommandFacts",
    "Facts",
    "Request",
    "card",
    "command_html",
    "command_markdown",
    "compile_templates",
    "html",
    "markdown",
    "number",
    "take_compiled",
]
