# Everything inside: PyTorch for the CPU, the model, the articles.  Two tokens are all it needs:
#
#   docker build -t footnote .
#   docker run -e SLACK_BOT_TOKEN -e SLACK_APP_TOKEN -v footnote:/data footnote
#
# Your own articles: -v "$PWD/articles:/sources:ro".  A question without Slack: docker run -it footnote
FROM python:3.11-slim

ENV PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FOOTNOTE_SOURCES=/sources \
    FOOTNOTE_DATA=/data

WORKDIR /app

# What changes least comes first, so that an edit of the code does not install PyTorch again.
COPY requirements.lock ./
COPY scripts/install scripts/install
RUN scripts/install python --only-dependencies

COPY pyproject.toml README.md LICENSE manifest.json manifest-agent.json ./
COPY index index
COPY bot bot
RUN pip install --no-deps --no-build-isolation . \
    && python -c "from index.encoders.any_model import verify_default_model; verify_default_model()" \
    && rm -rf /app/build /app/*.egg-info

COPY sources /sources

# A numbered user of its own, which owns nothing but the volume.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin footnote \
    && mkdir /data \
    && chown footnote /data
USER footnote
WORKDIR /data
VOLUME /data

# HTTP mode only; Socket Mode needs no open port.
EXPOSE 3000 8765

# Whether Slack is connected.  The first start builds the index before it connects.
HEALTHCHECK --interval=30s --timeout=5s --start-period=180s CMD ["python", "-m", "bot.slack.health", "/data"]

ENTRYPOINT ["footnote"]
CMD ["run"]
