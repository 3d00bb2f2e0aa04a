"""Fixtures for the tests of tables."""

from tests.tables.backends import backend

__all__ = ["backend"]
