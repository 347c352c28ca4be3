"""Hand-written stand-ins with the meaning of the real parts."""
