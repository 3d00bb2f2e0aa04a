"""The built-in sample: a made-up streaming audience whose segments are known, because they were planted.

What comes in is a size and a seed; what goes out is three raw tables (ratings, people, titles) with a little dirt in
them, as real exports have, and apart from them the truth. The same size and seed give the same tables anywhere.
"""

from coterie.sources.sample.files import write_sample
from coterie.sources.sample.make import Sample, make_sample

__all__ = ["Sample", "make_sample", "write_sample"]
