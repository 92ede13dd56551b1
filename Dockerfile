# The service as an image: `make image`. Decisions: docs/decisions/0021-image.md.
ARG BASE_IMAGE=python:3.13-slim-trixie

# Everything that is needed to install, and stays behind.
FROM ${BASE_IMAGE} AS build
RUN --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf.d/99build \
    apt-get update -q && apt-get install -qy --no-install-recommends tini
WORKDIR /source
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/smpp-connector
COPY requirements.lock build-requirements.lock ./
# nkeys and thespian come as source only, and are pure Python: nothing is compiled.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem \
    /build/bin/pip install -q --require-hashes -r build-requirements.lock && \
    /build/bin/pip wheel -q --no-deps --no-build-isolation --only-binary :all: --no-binary nkeys,thespian \
        --require-hashes -r requirements.lock -w /wheels
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY actors actors
COPY adapters adapters
COPY cli cli
COPY config config
COPY core core
COPY messages messages
COPY sandbox sandbox
COPY smpp smpp
RUN /build/bin/pip wheel -q --no-deps --no-build-isolation --no-index . -w /wheels && \
    /build/bin/pip --python /opt/smpp-connector/bin/python install -q --no-deps --no-index --no-compile /wheels/*.whl && \
    /opt/smpp-connector/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/smpp-connector

FROM ${BASE_IMAGE}
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="smpp-connector" \
      org.opencontainers.image.description="Sends SMS from NATS JetStream over SMPP 3.4, and brings the receipts back" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN echo 'smpp:x:10001:' >> /etc/group && echo 'smpp:x:10001:10001::/nonexistent:/usr/sbin/nologin' >> /etc/passwd
COPY --from=build /usr/bin/tini /usr/bin/tini
COPY --from=build /opt/smpp-connector /opt/smpp-connector
# /tmp is the one place it writes to: a tmpfs or a volume where the root filesystem is read-only.
ENV PATH=/opt/smpp-connector/bin:$PATH PYTHONDONTWRITEBYTECODE=1 RUNTIME_DIR=/tmp/smpp-connector
USER 10001:10001
EXPOSE 8080
# 1 is degraded, such as an operator that is down: it works, and a restart would not help.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD smpp-connector dump --json > /dev/null || [ $? -eq 1 ]
ENTRYPOINT ["tini", "--", "smpp-connector"]
CMD ["run"]
