# The app as a container:
#   docker build -t maxdigit .
#   docker run --read-only --tmpfs /tmp -p 7860:7860 maxdigit
FROM python:3.12-slim

# torch without CUDA. Everything else comes from PyPI.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

# Only /tmp is written to.
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app

# Without TensorFlow, which only training needs: here Keras uses the torch backend.
COPY requirements.txt .
RUN grep -v "^tensorflow" requirements.txt > /tmp/requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip pip install --extra-index-url "$TORCH_INDEX" -r /tmp/requirements.txt
COPY . .

USER 1000:1000
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/gradio_api/app_id', timeout=4)"]
CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "7860"]
