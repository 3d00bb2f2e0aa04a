"""Which segmentation to take: candidates measured side by side, and the choice with its reason."""
