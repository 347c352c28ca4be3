"""What Footnote serves over HTTP, whoever asks: one Starlette app of routes on a port, under uvicorn.

In reading order:

server — a running server of routes, on a thread of its own; bodies read within limits
"""
