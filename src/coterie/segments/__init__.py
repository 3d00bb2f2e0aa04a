"""Clusters become segments: kept, profiled and named."""
