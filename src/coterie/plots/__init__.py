"""Figures: a record first, then an Altair chart made from it and nothing else."""
