"""The audit trail in words: ``{% load audit %}``."""

from django import template

from accounts.audit import wording

register = template.Library()
register.filter("in_words", wording.facts_of)
