"""MLflow: one run per step, versions of data sets and models, the registry. Nothing else imports it.

On SQLite in the home unless MLFLOW_TRACKING_URI names a server.
"""
