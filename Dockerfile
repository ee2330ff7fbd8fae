# Patchbay in a container: no root, nothing written but /data. It names no architecture, and every package has a wheel
# for amd64 and arm64.
#   docker build --tag patchbay . && docker compose up

FROM python:3.11.17-slim-bookworm@sha256:0a310eeecf4e1f5a0743f9a6520c90c88d089c903ca5fd283f501e3a805f5f89 AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# First what changes seldom: every package comes with its hash. The driver of PostgreSQL is 12 MiB of them: one image
# is enough for both databases.
COPY requirements/build.txt requirements/postgres.txt requirements/
RUN python -m venv --without-pip /opt/patchbay \
    && pip --python /opt/patchbay/bin/python install --no-deps --require-hashes -r requirements/postgres.txt
RUN python -m venv --without-pip /opt/build \
    && pip --python /opt/build/bin/python install --no-deps --require-hashes -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
RUN /opt/build/bin/python -m hatchling build -t wheel -d /opt/wheels \
    && pip --python /opt/patchbay/bin/python install --no-deps --no-index /opt/wheels/*.whl


FROM python:3.11.17-slim-bookworm@sha256:0a310eeecf4e1f5a0743f9a6520c90c88d089c903ca5fd283f501e3a805f5f89
COPY --from=build /opt/patchbay /opt/patchbay
RUN install --directory --owner=10001 --group=10001 --mode=700 /data
# The default database is a file in the working folder. A variable in the setting's place would go before a secret file.
WORKDIR /data

ENV PATH=/opt/patchbay/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SQLITE_TMPDIR=/data \
    PATCHBAY_HTTP_HOST=127.0.0.1 \
    PATCHBAY_HTTP_PORT=8080 \
    PATCHBAY_LOG_FORMAT=json

USER 10001:10001

# bash opens the connection itself: a Python would take thirty times the computation, every 30 seconds.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PATCHBAY_HTTP_PORT && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && { read -rd '' -t 4 answer <&3; [[ $answer == HTTP/1.?' 200 '* ]]; }"]

ENTRYPOINT ["patchbay"]
CMD ["run"]

# Last, because they are other ones for each build: .github/workflows/release.yml gives them.
ARG VERSION=unreleased
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="Patchbay" \
    org.opencontainers.image.description="A Discord bot that connects AI agents to servers and shows how they are doing" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version=$VERSION \
    org.opencontainers.image.revision=$REVISION \
    org.opencontainers.image.created=$CREATED \
    org.opencontainers.image.source=$SOURCE
