# The image of Tamis: `docker build -t tamis .` serves a model and holds no torch; `--target pipeline` trains, too.
#
#   docker run -p 8080:8080 --read-only --tmpfs /tmp -v ./bundle:/model:ro -v tamis-state:/workspace/.tamis tamis
#
# EXTRAS are the parts of pyproject.toml that the server gets: serve, or for example serve,aws.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS build
ARG EXTRAS=serve
# where packages come from, if not from where pip looks by itself
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# an environment without pip, which the builder's own pip fills
RUN python -m venv --without-pip /opt/tamis
COPY pyproject.toml constraints.txt README.md LICENSE ./
# libraries first: a change of Tamis itself does not install them anew
RUN mkdir -p src/tamis && touch src/tamis/__init__.py \
    && python -m pip --python /opt/tamis install --constraint constraints.txt ".[${EXTRAS}]"
COPY src src
RUN python -m pip --python /opt/tamis install --no-deps --force-reinstall . \
    && python -m pip --python /opt/tamis check

FROM build AS build-pipeline
ARG PIPELINE_EXTRAS=train,predict,export,track,explore
# torch first and pinned: asked for later, by another package, it may come as a GPU build of several GB
RUN python -m pip --python /opt/tamis install --constraint constraints.txt torch \
    && python -m pip --python /opt/tamis install --constraint constraints.txt ".[${PIPELINE_EXTRAS}]" \
    && python -m pip --python /opt/tamis check

FROM python:${PYTHON}-slim-bookworm AS base
# nothing that installs is left in the image
RUN python -m pip uninstall --yes pip setuptools wheel && rm -rf ~/.cache \
    # a workspace whose server listens on all networks of the container; what is written goes to /workspace/.tamis
    && mkdir -p /workspace/.tamis && printf 'serve: {host: 0.0.0.0}\n' > /workspace/tamis.yaml \
    && chown -R 10001:10001 /workspace
ENV PATH=/opt/tamis/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp TAMIS_WORKSPACE=/workspace
WORKDIR /workspace
ENTRYPOINT ["tamis"]

FROM base AS pipeline
COPY --from=build-pipeline /opt/tamis /opt/tamis
USER 10001:10001
CMD ["--help"]

FROM base AS serve
COPY --from=build /opt/tamis /opt/tamis
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
CMD ["serve", "/model"]
