"""How a run goes: steps in order, each cached, the folder renamed into place when whole."""
