"""Tests of what is asked of a finished run."""
