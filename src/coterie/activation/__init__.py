"""Segments put to work: pure algorithms, from arrays, frozen models and tables to frozen records."""
