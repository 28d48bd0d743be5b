# The production image: no compiler, no Node, no package manager's cache, no secret, not root.
# Build: docker build -t secops-portal .
ARG NODE_IMAGE=node:24-slim
# The version that requirements.txt was made and is tested with.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${NODE_IMAGE} AS assets
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY assets assets
RUN npm run build

FROM ${PYTHON_IMAGE} AS packages
COPY requirements.txt ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM ${PYTHON_IMAGE}
# Fixed numbers, so that a volume keeps its owner when the image is built again.
RUN groupadd --gid 10001 secops \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin secops \
 && install -d -o secops -g secops -m 0700 /var/lib/secops-portal
WORKDIR /srv/secops-portal
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SECOPS_ENV=production \
    SECOPS_DATA_DIR=/var/lib/secops-portal
COPY manage.py LICENSE ./
COPY deploy deploy
COPY secops_portal secops_portal
COPY apps apps
COPY templates templates
COPY locale locale
COPY --from=assets /build/assets/dist assets/dist
# The values below exist for this one step and open nothing: collecting files reads no data. Files
# are collected readable by their owner alone, who is not the one that serves them.
RUN SECOPS_ENV=production SECOPS_BASE_URL=https://localhost DATABASE_URL=postgresql://127.0.0.1/none \
    REDIS_URL=redis://127.0.0.1 SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    python manage.py collectstatic --noinput --verbosity=0 \
 && chmod -R a+rX staticfiles \
 && python -m compileall -q apps secops_portal manage.py

USER 10001:10001
EXPOSE 8000
VOLUME /var/lib/secops-portal
# For the web server; docker-compose.yml has others for the other services.
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 \
    CMD ["python", "deploy/healthcheck.py"]
CMD ["gunicorn", "--config=deploy/gunicorn.conf.py", "secops_portal.wsgi:application"]
