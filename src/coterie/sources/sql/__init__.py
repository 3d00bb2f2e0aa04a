"""Databases as a source: a URL with a table or a query in, rows in Parquet beside, a lazy frame out."""
