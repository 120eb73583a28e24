# The image of every cassl process: `docker run cassl registry|trainer|labeler|evaluator|console|label-worker|…`.
#   make image                     target cpu, with Docker, Podman or buildah, whichever is there
#   make image TARGET=cuda         for NVIDIA GPUs; needs a CUDA driver ≥ 525 and the NVIDIA container toolkit on the node
# For a release, pin the base by digest: --build-arg NODE_IMAGE=docker.io/library/node:22-bookworm-slim@sha256:…
ARG NODE_IMAGE=docker.io/library/node:22-bookworm-slim
# A PyTorch of PyPI: its wheels bring CUDA, cuDNN and NCCL along, so the base image needs none of them.
ARG TORCH_VERSION=2.9.1

# Only what decides which packages are installed, so that an edit of a source installs nothing again.
FROM ${NODE_IMAGE} AS manifests
COPY . /src
RUN cd /src && mkdir /manifests && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents -t /manifests {} + \
 && cp package-lock.json /manifests/

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel error && npm cache clean --force \
 && npm sbom --package-lock-only --omit=dev --sbom-format cyclonedx > /sbom-npm.json
# The package brings every system's library along, 200 MB and more; this image is one system.
RUN find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d -not -path "*/linux/$(node -p process.arch)" -exec rm -r {} +

# What compiles the addon: with packages of its own, so that it is compiled again only when its sources change.
FROM ${NODE_IMAGE} AS tools-cpu
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libtorch-dev g++ make python3 >/dev/null
WORKDIR /app
RUN npm install --ignore-scripts --no-audit --no-fund --loglevel error node-gyp@13 node-addon-api@8 \
 && mkdir -p node_modules/@cassl && ln -s /app/libs/errors node_modules/@cassl/errors

FROM ${NODE_IMAGE} AS tools-cuda
ARG TORCH_VERSION
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-pip g++ make >/dev/null
RUN python3 -m pip install --quiet --no-cache-dir --no-compile --target /opt/torch "torch==${TORCH_VERSION}"
WORKDIR /app
RUN npm install --ignore-scripts --no-audit --no-fund --loglevel error node-gyp@13 node-addon-api@8 \
 && mkdir -p node_modules/@cassl && ln -s /app/libs/errors node_modules/@cassl/errors

FROM tools-cpu AS addon-cpu
COPY libs/errors libs/errors
COPY libs/engine-torch libs/engine-torch
RUN node libs/engine-torch/src/build.ts && install -D libs/engine-torch/build/*/cassl_torch.node /addon/cassl_torch.node

FROM tools-cuda AS addon-cuda
COPY libs/errors libs/errors
COPY libs/engine-torch libs/engine-torch
RUN TORCH_DIR=/opt/torch/torch node libs/engine-torch/src/build.ts \
 && install -D libs/engine-torch/build/*/cassl_torch.node /addon/cassl_torch.node
# At run time libraries are enough; they find each other by their paths within /opt/torch.
RUN mkdir /runtime && cd /opt/torch && find torch/lib nvidia -name '*.so*' -exec cp --parents -t /runtime {} +

# Everything that the targets share and that no edit of a source changes.
FROM ${NODE_IMAGE} AS runtime
WORKDIR /app
# Read-only root: what a process writes goes to /var/lib/cassl and /tmp, which are volumes.
ENV NODE_ENV=production HOME=/tmp CASSL_HOME=/tmp/.cassl OMP_WAIT_POLICY=passive \
    CASSL_HOST=0.0.0.0 CASSL_DATA_DIR=/var/lib/cassl CASSL_TORCH_ADDON=/usr/local/lib/cassl/cassl_torch.node
RUN install -d -o 65532 -g 65532 /var/lib/cassl
EXPOSE 7100 7101 7102 7103 7104 7105 7180 7182 7190 9100 9101 9102 9103 9105
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "/app/image/healthcheck.ts"]
ENTRYPOINT ["node", "/app/image/start.ts"]
LABEL org.opencontainers.image.title=cassl org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.description="Class-agnostic semi-supervised detection and segmentation as a gRPC platform"

FROM ${NODE_IMAGE} AS sources
WORKDIR /app
COPY package.json ./
COPY proto proto
COPY libs libs
COPY services services
COPY pipelines pipelines
COPY image image

FROM runtime AS cuda
# The driver's own libraries are mounted by the container toolkit. Compiled kernels survive a restart where the folder is a volume.
ENV LD_LIBRARY_PATH=/opt/torch/torch/lib CASSL_REQUIRE_GPU=1 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    CUDA_CACHE_PATH=/var/lib/cassl/cuda-cache CUDA_CACHE_MAXSIZE=4294967296
COPY --from=addon-cuda /runtime /opt/torch
COPY --from=addon-cuda /addon/cassl_torch.node /usr/local/lib/cassl/cassl_torch.node
COPY --from=packages /sbom-npm.json /usr/share/sbom/npm.json
COPY --from=packages /app/node_modules node_modules
COPY --from=sources /app ./
RUN node image/write-sbom.ts /usr/share/sbom/npm.json /usr/share/sbom/cassl.cdx.json
ARG VERSION=0.1.0
ARG REVISION=unknown
ENV CASSL_COMMIT=${REVISION}
LABEL org.opencontainers.image.version=${VERSION} org.opencontainers.image.revision=${REVISION}
USER 65532:65532
VOLUME ["/var/lib/cassl", "/tmp"]

FROM runtime AS cpu
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libtorch1.13 >/dev/null && rm -rf /var/lib/apt/lists/*
COPY --from=addon-cpu /addon/cassl_torch.node /usr/local/lib/cassl/cassl_torch.node
COPY --from=packages /sbom-npm.json /usr/share/sbom/npm.json
COPY --from=packages /app/node_modules node_modules
COPY --from=sources /app ./
RUN node image/write-sbom.ts /usr/share/sbom/npm.json /usr/share/sbom/cassl.cdx.json
ARG VERSION=0.1.0
ARG REVISION=unknown
ENV CASSL_COMMIT=${REVISION}
LABEL org.opencontainers.image.version=${VERSION} org.opencontainers.image.revision=${REVISION}
USER 65532:65532
VOLUME ["/var/lib/cassl", "/tmp"]
