# cpgate as one static program, with nothing beside it and no rights.
#
#   docker build -t cpgate .
#   docker run -p 2379:2379 -v cpgate:/data cpgate

FROM golang:1.26 AS build
# Where modules come from; --build-arg GOPROXY=... names a mirror.
ARG GOPROXY=https://proxy.golang.org,direct
ARG GOSUMDB=sum.golang.org
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/cpgate ./cmd/cpgate \
    && mkdir /out/data

FROM scratch
COPY --from=build /out/cpgate /cpgate
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV CPGATE_LISTEN=0.0.0.0:2379 CPGATE_DATA_DIR=/data
EXPOSE 2379 2380
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/cpgate", "health"]
ENTRYPOINT ["/cpgate"]
CMD ["serve"]
