"""``python -m benchmarks.gradcheckers``."""

import sys

from benchmarks.gradcheckers.trial import main

sys.exit(main())
