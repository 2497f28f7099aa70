#!/bin/sh
# Stops the server and waits until it has finished its requests.
set -eu
root="${SANDTABLE_ROOT:-}"
file="$root/var/run/web.pid"
[ -f "$file" ] || { echo "web was not running"; exit 0; }
pid="$(cat "$file")"
kill -TERM "$pid" 2>/dev/null || true
tries=0
while kill -0 "$pid" 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { kill -KILL "$pid"; break; }
  sleep 0.1
done
rm -f "$file"
echo "web stopped"
