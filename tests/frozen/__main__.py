"""Write down what a search finds now."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.frozen import FILE, searches

with tempfile.TemporaryDirectory() as folder:
    lines = [json.dumps(told, ensure_ascii=False) for told in searches(Path(folder))]
FILE.write_text("\n".join(lines) + "\n", "utf-8")
