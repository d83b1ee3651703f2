"""Mails as text, with the same words as HTML beside it in the dress of the site.

The words may hold a link that only its reader may have: they are kept out of error reports.
"""

import re
from collections.abc import Iterable

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.views.decorators.debug import sensitive_variables

ADDRESS = re.compile(r"https?://\S+")


@sensitive_variables("text", "letter")
def make_letter(*, subject: str, text: str, to: Iterable[str]) -> EmailMultiAlternatives:
    """Return a mail to ``to`` that says ``text``; an address on a line of its own becomes a button."""
    letter = EmailMultiAlternatives(subject, text, to=list(to))
    add_html(letter)
    return letter


@sensitive_variables("letter", "paragraphs", "context")
def add_html(letter: EmailMultiAlternatives) -> None:
    """Put the words of ``letter`` beside themselves as HTML, escaped: nothing else is in there."""
    paragraphs = [block.strip() for block in re.split(r"\n\s*\n", str(letter.body).strip())]
    context = {
        "subject": letter.subject,
        "paragraphs": [(text, bool(ADDRESS.fullmatch(text))) for text in paragraphs if text],
    }
    letter.attach_alternative(render_to_string("emails/letter.html", context), "text/html")
