"""Form fields as Bootstrap wants them: ``{% load fields %}``."""

from django import template
from django.forms import BoundField, CheckboxInput, Select
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The field's widget with Bootstrap's class for its kind, marked where it has errors."""
    widget = field.field.widget
    css = "form-control"
    if isinstance(widget, CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, Select):
        css = "form-select"
    return field.as_widget(attrs={"class": f"{css} is-invalid" if field.errors else css})


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the label stands after the field."""
    return isinstance(field.field.widget, CheckboxInput)
