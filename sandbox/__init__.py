"""The outside world's stand-ins, on the wire, for development, tests and the demo."""
