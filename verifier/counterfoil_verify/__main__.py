"""Runs the command line as `python -m counterfoil_verify`."""

import sys

from counterfoil_verify.cli import main

if __name__ == "__main__":
    sys.exit(main())
