#!/bin/bash
# Releases version 2 of the web servers with the AWS CLI, under traffic: sandtable rehearse examples/templates/release.sh
set -euo pipefail
cd "$(dirname "$0")"

aws cloudformation deploy --stack-name web --template-file web-v1.yaml
url=$(aws cloudformation describe-stacks --stack-name web \
  --query 'Stacks[0].Outputs[?OutputKey==`Url`].OutputValue' --output text)
sleep 2m # until the servers have started and are found healthy

sandtable-traffic "$url=100"
sleep 1m
aws cloudformation update-stack --stack-name web --template-body file://web-v2.yaml
aws cloudformation wait stack-update-complete --stack-name web
sleep 1m
