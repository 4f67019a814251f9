# Stands in for docker.io/library/postgres on a node that cannot pull it: the same variables, the
# same uid, Debian's server. Its build context is this directory.
ARG BASE=docker.io/library/python:3.11.14-slim-bookworm
FROM ${BASE}
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends postgresql-15 >/dev/null \
    && rm -rf /var/lib/apt/lists/* && ln -s /usr/lib/postgresql/15/bin/* /usr/local/bin/ \
    && usermod -u 999 postgres && groupmod -g 999 postgres
COPY postgres.sh /postgres.sh
USER 999:999
ENTRYPOINT ["sh", "/postgres.sh"]
