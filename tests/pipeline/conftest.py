"""What tests of pipelines start from: steps that can be imported, here and in processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
