"""Who goes with whom: items liked by the same users, users who are alike, pages that lead to pages.

Each kind of graph is made in a module of its own (``items``, ``users``, ``browsing``); ``chance`` says which edges are
more than chance, ``communities`` finds groups and ranks, ``drawing`` cuts what can be read, ``export`` writes files.
"""
