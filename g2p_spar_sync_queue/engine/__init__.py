"""The engine: brings changes to SPAR."""
