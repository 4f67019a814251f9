#!/bin/sh
# Starts the tracking server. Keys come from the environment and go to files that only this user
# reads; none is on a command line, where `ps` would show it.
set -eu
umask 077
python3 - <<'PY'
import os
from pathlib import Path
from urllib.parse import quote

user, password = (quote(os.environ[f"DATABASE_{k}"], safe="") for k in ("USER", "PASSWORD"))
host = os.environ["DATABASE_HOST"]
database = f"postgresql+psycopg2://{user}:{password}@{host}/{os.environ.get('DATABASE_NAME', 'mlflow')}"
Path("/tmp/database").write_text(database)
Path("/tmp/auth.ini").write_text(
    "[mlflow]\n"
    "default_permission = EDIT\n"
    f"database_uri = {database.replace('%', '%%')}\n"
    f"admin_username = {os.environ['ADMIN_USERNAME']}\n"
    f"admin_password = {os.environ['ADMIN_PASSWORD'].replace('%', '%%')}\n"
    "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
)
PY
export MLFLOW_AUTH_CONFIG_PATH=/tmp/auth.ini MLFLOW_BACKEND_STORE_URI="$(cat /tmp/database)"
# Large files go to the store in parts, straight from the client where it may.
export MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=true MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD=true
export MLFLOW_DISABLE_TELEMETRY=true
exec mlflow server --host 0.0.0.0 --port 5000 --workers "${WORKERS:-2}" --app-name basic-auth \
  --artifacts-destination "$ARTIFACTS" --serve-artifacts --allowed-hosts "$ALLOWED_HOSTS"
