# vectorpy in a container: PCP's collector, the sampler and the page.
#
#   docker build -t vectorpy .
#   docker run -p 127.0.0.1:8044:8044 vectorpy                     the page, with this container's own numbers
#   docker run -p 127.0.0.1:8044:8044 vectorpy serve --host 0.0.0.0       the page alone, for hosts you type
#   docker run -p 44321:44321 vectorpy collector --host 0.0.0.0    pmcd and pmproxy for others to read
#
# Where browsers use another name than localhost, add --public-url URL. A
# container sees its own network and disks; for the machine's give it
# --pid=host --network=host, and then the command `up`, which stays on loopback.
#
# Only build steps belong here; scripts/check-dockerfile runs them without Docker.

ARG BASE=debian:12.11-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv
COPY . /src
RUN sh /src/scripts/wheel /dist
RUN /usr/bin/python3 -m venv --system-site-packages /opt/vectorpy/venv \
 && /opt/vectorpy/venv/bin/python -m pip install --no-cache-dir -c /src/constraints.txt /dist/*.whl

FROM ${BASE}
COPY scripts/packages /tmp/packages
RUN sh /tmp/packages ca-certificates pcp python3-pcp \
 && rm -rf /tmp/packages /var/lib/apt/lists/*
RUN useradd --system --user-group --home-dir /var/lib/vectorpy --shell /usr/sbin/nologin vectorpy \
 && install -d -m 0700 -o vectorpy -g vectorpy /var/lib/vectorpy /run/vectorpy
COPY --from=build /opt/vectorpy /opt/vectorpy
COPY scripts/container-health /opt/vectorpy/container-health
ENV PATH=/usr/bin:/bin:/opt/vectorpy/venv/bin \
    PYTHONUNBUFFERED=1 \
    VECTORPY_STATE_DIR=/var/lib/vectorpy \
    VECTORPY_RUNTIME_DIR=/run/vectorpy
USER vectorpy
WORKDIR /var/lib/vectorpy
VOLUME /var/lib/vectorpy
EXPOSE 8044 44321 44322
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["/opt/vectorpy/container-health"]
ENTRYPOINT ["vectorpy"]
CMD ["up", "--host", "0.0.0.0"]
