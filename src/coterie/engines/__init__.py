"""Where lazy frames are executed: here on one machine; a cluster comes through the same functions."""
