#!/bin/sh
# Checks what the server needs, before anything of the running version is touched.
set -eu
root="${SANDTABLE_ROOT:-}"
mkdir -p "$root/var/run" "$root/var/log"
echo "node $(node --version)"
