"""The report: one self-contained HTML page made from the records of a run."""
