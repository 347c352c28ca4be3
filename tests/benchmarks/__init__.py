"""How good and how fast Footnote is, on public sets: `python -m tests.benchmarks --data DIR`."""
