#!/bin/sh
# Starts the server in the background. The CodeDeploy agent waits for whatever holds a script's output, hence the
# redirections: https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html
set -eu
root="${SANDTABLE_ROOT:-}"
cd "$root/srv/web"
nohup node server.mjs >"$root/var/log/web.log" 2>&1 </dev/null &
echo $! >"$root/var/run/web.pid"
echo "web started as process $!"
