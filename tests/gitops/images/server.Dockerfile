# The scripted server in the place of vLLM, for tests.
ARG BASE=docker.io/library/python:3.11.14-slim-bookworm
FROM ${BASE}
COPY scripted_server.py /scripted_server.py
USER 65532:65532
ENTRYPOINT ["python3", "/scripted_server.py"]
