"""Where finished runs are kept: whole versions, or nothing."""
