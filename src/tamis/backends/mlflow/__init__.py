"""MLflow: runs in a database of the workspace, for `mlflow ui --backend-store-uri sqlite:///.tamis/mlflow.db`."""
