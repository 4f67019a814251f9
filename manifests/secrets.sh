#!/usr/bin/env bash
# Make the Secrets that the manifests name, with random keys, where they are not there yet.
#   manifests/secrets.sh
# For a store or database of your own, make acecoder-store or acecoder-postgres yourself before.
set -euo pipefail
random() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n'; }

# Values go to kubectl by files, not arguments: `ps` shows those.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
make_secret() { # namespace name key=value...
  local namespace=$1 name=$2 entry arguments=()
  shift 2
  if kubectl -n "$namespace" get secret "$name" >/dev/null 2>&1; then
    echo "secret $namespace/$name is there"
    return
  fi
  for entry in "$@"; do
    printf %s "${entry#*=}" > "$scratch/${entry%%=*}"
    arguments+=("--from-file=${entry%%=*}=$scratch/${entry%%=*}")
  done
  kubectl -n "$namespace" create secret generic "$name" "${arguments[@]}"
  kubectl -n "$namespace" label secret "$name" app.kubernetes.io/part-of=acecoder >/dev/null
}

make_secret acecoder acecoder-store "AWS_ACCESS_KEY_ID=acecoder" "AWS_SECRET_ACCESS_KEY=$(random)"
make_secret acecoder acecoder-postgres "username=mlflow" "password=$(random)"
make_secret acecoder acecoder-mlflow-server "flask-secret-key=$(random)"
make_secret acecoder acecoder-mlflow-client "MLFLOW_TRACKING_USERNAME=acecoder" "MLFLOW_TRACKING_PASSWORD=$(random)"
# The pool's token is the same on both sides; whichever is there decides.
token=$(random)
for namespace in acecoder acecoder-sandbox; do
  found=$(kubectl -n "$namespace" get secret sandbox-pool-token --ignore-not-found -o jsonpath='{.data.token}')
  [[ -z $found ]] || token=$(base64 -d <<<"$found")
done
make_secret acecoder sandbox-pool-token "token=$token"
make_secret acecoder-sandbox sandbox-pool-token "token=$token"
