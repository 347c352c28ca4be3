"""How good and how fast Footnote is, on public sets: `python -m tests.benchmarks --data DIR`."""

import os

# As the command line has it, and like it before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
