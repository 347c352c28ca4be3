"""Write down what comes out now."""

from __future__ import annotations

from tests.frozen import line, outputs, path

for file, make in outputs().items():
    path(file).write_text("".join(f"{line(name, told)}\n" for name, told in make()), "utf-8")
