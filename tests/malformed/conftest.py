"""The shop that is spoken to in riddles."""

from tests.rentals.operations.conftest import shop

__all__ = ["shop"]
