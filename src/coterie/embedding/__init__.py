"""Feature matrices to points: each method fits once and folds new rows in."""
