# What `make run` does, as an unprivileged user. See docs/deployment.md.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim

# Address of PyTorch's CPU builds; without it the build is the one for NVIDIA GPUs.
ARG TORCH_INDEX=""

RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 lattice \
 && mkdir --parents /app /data \
 && chown lattice:lattice /app /data

USER lattice
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1

COPY --chown=lattice:lattice Makefile requirements.lock ./
RUN make setup TORCH_INDEX="${TORCH_INDEX}"

COPY --chown=lattice:lattice . .
RUN .venv/bin/python -m compileall -q app.py jobs mlpcore pages properties \
 && .venv/bin/python -m mlpcore.engine --all

ENV LATTICE_LAB_HOST=0.0.0.0 LATTICE_LAB_PORT=8501 LATTICE_LAB_JOBS=/data/jobs
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["/app/.venv/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]

CMD ["/app/.venv/bin/python", "-m", "jobs", "serve"]
