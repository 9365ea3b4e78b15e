# Two stages on Debian 13, whose OpenCV (4.10) flipmeter is tested with.
#
#   docker build --build-arg VERSION="$(git describe --tags --always)" -t flipmeter .
#   docker run --rm -v flipmeter:/data -v "$PWD:/in:ro" flipmeter analyze --out /data/out /in/film.mp4
#
# There are no weights inside: they have licences of their own. Build a model
# into the volume once (flipmeter models build, see docs), or mount a folder
# that has models/ at /data.
#
# `make docker-check` runs these steps without a container engine.

FROM golang:1.26-trixie AS build
WORKDIR /src

# Set-up first: it changes less often than the code.
COPY scripts/ scripts/
COPY go.mod go.sum ./
RUN scripts/setup build
RUN FLIPMETER_HOME=/opt/flipmeter scripts/setup runtime
RUN go mod download

COPY . .
ARG VERSION=unknown
RUN make build VERSION="$VERSION"


FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
       libopencv-core410 libopencv-imgproc410 libopencv-imgcodecs410 libopencv-videoio410 \
    && rm -rf /var/lib/apt/lists/*

COPY --from=build /opt/flipmeter/lib/ /usr/local/lib/flipmeter/
COPY --from=build /src/bin/flipmeter /usr/local/bin/flipmeter
COPY LICENSE /usr/share/doc/flipmeter/LICENSE

RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin flipmeter \
    && install -d -o flipmeter -g flipmeter /data
ENV FLIPMETER_HOME=/data
ENV ONNXRUNTIME_SHARED_LIBRARY_PATH=/usr/local/lib/flipmeter/libonnxruntime.so
VOLUME /data
WORKDIR /data
USER flipmeter

# It starts only if every library that it links is there. flipmeter doctor
# says more, and fails where no model is installed: such a container is new,
# not ill.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["flipmeter", "version"]
ENTRYPOINT ["flipmeter"]
CMD ["--help"]
