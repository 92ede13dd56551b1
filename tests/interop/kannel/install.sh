#!/bin/sh
# Debian's Kannel and the libraries that this machine lacks, unpacked into ./root; nothing is installed, no root needed.
set -eu
mkdir -p archives/partial
apt-get install -qq --download-only --no-install-recommends -o Debug::NoLocking=1 \
    -o Dir::Cache::archives="$PWD/archives" kannel
for package in archives/*.deb; do
    dpkg-deb -x "$package" root
done
