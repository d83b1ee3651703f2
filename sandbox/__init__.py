"""A provider of our own that speaks the SMS-BUS protocol, with state: see ``sandbox/README.md``."""
