"""The `footnote` command."""

import sys

from bot.terminal import main

if __name__ == "__main__":
    sys.exit(main())
