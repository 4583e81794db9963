# The course with everything it needs:
#   docker build -t segmentation . && docker run --rm -it -p 8888:8888 segmentation
# opens the labs at http://localhost:8888; `docker run --rm segmentation make labs` runs them all. Grading needs
# user namespaces for its sandbox (`--security-opt seccomp=unconfined --security-opt apparmor=unconfined`).
FROM python:3.12-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends make git bubblewrap chromium \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /course
# The environment first: it changes less often than the course.
COPY Makefile ./
COPY tools/setup.sh tools/index.sh tools/
COPY requirements requirements
RUN make setup && rm -rf /root/.cache
COPY . .
EXPOSE 8888
CMD ["make", "lab", "ARGS=--ip=0.0.0.0 --no-browser --allow-root"]
