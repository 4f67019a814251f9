# Stands in for quay.io/minio/minio on a node that cannot pull it. The build context is a directory
# that holds a `minio` compiled from its Go module.
ARG BASE=docker.io/library/python:3.11.14-slim-bookworm
FROM ${BASE}
COPY minio /usr/local/bin/minio
USER 65532:65532
ENTRYPOINT ["minio"]
