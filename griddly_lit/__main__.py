"""``python -m griddly_lit``, the same as ``griddly-lit``."""

import sys

from griddly_lit.cli import main

sys.exit(main())
