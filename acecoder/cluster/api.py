"""The Kubernetes API as plain data. Nothing else imports the package `kubernetes`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from acecoder.errors import InputError, PlatformError

CONNECT_S, READ_S = 5.0, 30.0
TRIES = 3
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
KINDS = {
    "pods": "/api/v1/namespaces/{namespace}/pods",
    "events": "/api/v1/namespaces/{namespace}/events",
    "resourcequotas": "/api/v1/namespaces/{namespace}/resourcequotas",
    "deployments": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "leases": "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases",
    "jobs": "/apis/batch/v1/namespaces/{namespace}/jobs",
    "trainjobs": "/apis/trainer.kubeflow.org/v1alpha1/namespaces/{namespace}/trainjobs",
    "workflows": "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/workflows",
    "nodes": "/api/v1/nodes",
    "runtimeclasses": "/apis/node.k8s.io/v1/runtimeclasses",
    "validatingadmissionpolicies": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "validatingadmissionpolicybindings": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
}

Object = dict[str, Any]
"""A Kubernetes object as its JSON says."""


class Cluster:
    """One API server, as one account."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.where: str = client.configuration.host

    @classmethod
    def connect(cls) -> Cluster:
        """As this pod's service account, or as the kubeconfig says outside of one.

        Raises: InputError where there is neither.
        """
        try:
            from kubernetes import client, config
        except ImportError:
            raise InputError(
                "this needs the package kubernetes", remedy="pip install 'acecoder[cluster]'"
            ) from None
        settings = client.Configuration()
        try:
            if "KUBERNETES_SERVICE_HOST" in os.environ:
                config.load_incluster_config(client_configuration=settings)
            else:
                config.load_kube_config(client_configuration=settings)
        except Exception as error:  # whatever a broken file makes a YAML parser raise
            in_pod = "KUBERNETES_SERVICE_HOST" in os.environ
            raise InputError(
                f"no cluster to speak to: {str(error).splitlines()[0][:300]}",
                where=str(ACCOUNT) if in_pod else os.environ.get("KUBECONFIG", "~/.kube/config"),
                remedy="the pod's service account must be mounted"
                if in_pod
                else "KUBECONFIG=FILE of a cluster (`kubectl get nodes` must work)",
            ) from error
        settings.retries = False
        return cls(client.ApiClient(settings))

    def get(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """One object, or None. Raises InputError where refused, PlatformError where unreachable."""
        found: Object | None = self._call("GET", f"{_path(kind, namespace)}/{name}")
        return found

    def items(self, kind: str, namespace: str = "", *, labels: str = "") -> list[Object]:
        """All objects of a kind that have the labels. Raises as `get`."""
        found = self._call("GET", _path(kind, namespace), {"labelSelector": labels}) or {}
        items: list[Object] = found.get("items", [])
        return items

    def create(self, kind: str, namespace: str, thing: Object) -> Object | None:
        """Make an object; None where one of that name is there already. Raises as `get`."""
        made: Object | None = self._call("POST", _path(kind, namespace), body=thing, absent=409)
        return made

    def replace(self, kind: str, namespace: str, name: str, thing: Object) -> Object | None:
        """Put an object in the place of the one with its resourceVersion; None where that has been
        changed. Raises as `get`."""
        path = f"{_path(kind, namespace)}/{name}"
        made: Object | None = self._call("PUT", path, body=thing, absent=409)
        return made

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Remove an object and what it owns. One that is gone already is no error. Raises as `get`."""
        self._call(
            "DELETE", f"{_path(kind, namespace)}/{name}", {"propagationPolicy": "Background"}
        )

    def log(self, namespace: str, pod: str, container: str = "") -> str:
        """A pod's log so far; empty where it has not started. Raises as `get`."""
        return self._log(namespace, pod, {"container": container} if container else {})

    def stamped_log(self, namespace: str, pod: str, since: str) -> str:
        """The log with a timestamp before each line, from a given time on (to the second)."""
        return self._log(
            namespace,
            pod,
            {"timestamps": "true"} | ({"sinceTime": since[:19] + "Z"} if since else {}),
        )

    def _log(self, namespace: str, pod: str, query: dict[str, str]) -> str:
        found = self._call("GET", f"{_path('pods', namespace)}/{pod}/log", query, text=True)
        return str(found or "")

    def _call(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Object | None = None,
        *,
        absent: int = 404,
        text: bool = False,
    ) -> Any:
        """The answer as data; None for the status `absent`."""
        import urllib3
        from kubernetes.client import ApiException

        for attempt in range(1, TRIES + 1):
            try:
                answer = self._client.call_api(
                    path,
                    method,
                    query_params=list((query or {}).items()),
                    body=body,
                    header_params={"Accept": "*/*" if text else "application/json"},
                    auth_settings=["BearerToken"],
                    _preload_content=False,
                    _return_http_data_only=True,
                    _request_timeout=(CONNECT_S, READ_S),
                )
                data = answer.data.decode("utf-8", "replace")
                return data if text else json.loads(data)
            except ApiException as error:
                if error.status == absent or (text and error.status == 400):
                    return None
                if attempt == TRIES or error.status < 500:
                    raise self._refused(error, method, path) from error
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if attempt == TRIES:
                    raise PlatformError(
                        f"the Kubernetes API does not answer: {str(error)[:300]}",
                        where=self.where,
                        remedy="is the kubeconfig the right one and the cluster up "
                        "(`kubectl get nodes`)?",
                    ) from error
        raise AssertionError("unreachable")

    def _refused(self, error: Any, method: str, path: str) -> InputError | PlatformError:
        said = _message(error.body)
        if error.status in (401, 403) and "admission webhook" not in said:
            return InputError(
                f"the Kubernetes API refuses {method} {path}: {said}",
                where=self.where,
                remedy="the account needs the roles of manifests/base/stages",
            )
        return PlatformError(f"the Kubernetes API says {error.status}: {said}", where=self.where)


def _path(kind: str, namespace: str) -> str:
    return KINDS[kind].format(namespace=namespace)


def _message(body: Any) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(body)[:300]
