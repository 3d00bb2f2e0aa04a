"""Points to clusters: each algorithm behind one contract, with a rule for unseen entities."""
