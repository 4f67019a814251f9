# The stand-in in the place of vLLM, for tests.
ARG BASE=docker.io/library/python:3.11.14-slim-bookworm
FROM ${BASE}
COPY stand_in.py /stand_in.py
USER 65532:65532
ENTRYPOINT ["python3", "/stand_in.py"]
