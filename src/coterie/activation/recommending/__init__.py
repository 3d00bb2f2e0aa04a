"""Recommenders: what users took up in, scores of every item for anybody out, also for users folded in."""
