"""Tests of segments put to work."""
