"""MLflow: runs in a database of the workspace, for `mlflow ui --backend-store-uri sqlite:///.tamis/mlflow.db`.

MLflow reads its switches when it is first imported, so they are set here, before any file of this folder imports it.
"""

from __future__ import annotations

import os
import warnings

for _name, _value in (("MLFLOW_DISABLE_TELEMETRY", "true"), ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")):
    os.environ.setdefault(_name, _value)


def hush() -> None:
    """Keep what MLflow's parts say of each other's future from a reader who can do nothing about it."""
    for part in ("mlflow", "sqlalchemy", "alembic"):
        warnings.filterwarnings("ignore", module=rf"{part}\.")


hush()
