"""Segments from whatever is known of somebody: classifiers, fitted once and frozen, for whom fold-in cannot place."""
