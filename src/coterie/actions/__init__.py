"""What is asked of a finished run: one module a verb, a run in, an answer out."""
