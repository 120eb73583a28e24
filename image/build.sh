#!/usr/bin/env bash
# Builds the image with whichever of Docker, Podman and buildah is there. Where the base image cannot be pulled, it is made here.
#   image/build.sh [--target cpu|cuda] [--tag NAME:TAG] [--archive OUT.tar] [more build arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(node -p 'require("./package.json").version')
target=cpu tag='' archive='' arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --target) target=$2; shift 2 ;;
    --tag) tag=$2; shift 2 ;;
    --archive) archive=$2; shift 2 ;;
    *) arguments+=("$1"); shift ;;
  esac
done
case $target in cpu|cuda) ;; *) echo "image: the target must be cpu or cuda, got '$target'" >&2; exit 2 ;; esac
tag=${tag:-localhost/cassl:$version$([ "$target" = cpu ] || echo "-$target")}
arguments+=(--target "$target" --build-arg "VERSION=$version"
  --build-arg "REVISION=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)")

if docker info >/dev/null 2>&1; then
  docker build -t "$tag" "${arguments[@]}" .
  [ -z "$archive" ] || docker save -o "$archive" "$tag"
  exit
fi
tool=$(command -v podman || command -v buildah) || {
  echo 'image: none of docker, podman and buildah is here; Debian: apt-get install buildah crun' >&2
  exit 1
}
# No daemon, and no user namespaces either where this runs in a container itself.
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}
base=docker.io/library/node:22-bookworm-slim
if [[ " ${arguments[*]} " != *NODE_IMAGE=* ]] && ! "$tool" inspect "$base" >/dev/null 2>&1 && ! "$tool" pull -q "$base" >/dev/null 2>&1; then
  echo "image: $base cannot be pulled: making a base of Debian and the npm registry's Node.js"
  [ -s .tools/image/base.tar ] || bash image/base.sh "$base" .tools/image/base.tar
  "$tool" pull -q docker-archive:.tools/image/base.tar >/dev/null
fi
# HEALTHCHECK exists in Docker's format alone.
"$tool" build --format docker --network host --layers -t "$tag" "${arguments[@]}" .
if [ -n "$archive" ]; then
  rm -f "$archive"
  "$tool" push -q "$tag" "docker-archive:$archive:$tag"
fi
echo "image: $tag"
