#!/usr/bin/env bash
# Starts LMDeploy with one of the large InternVL2.5 models: serve.sh 26b|38b|78b|78b-awq
#
# API_KEY_FILE  file with the key that clients must send (needed)
# TP            cards to spread the language model over, instead of the recipe's number
# CONTEXT       longest prompt with its answer, in tokens, instead of the recipe's number
set -euo pipefail

format=()
case ${1:-} in
  26b) model=OpenGVLab/InternVL2_5-26B name=internvl2.5-26b tp=1 context=16384 ;;
  38b) model=OpenGVLab/InternVL2_5-38B name=internvl2.5-38b tp=2 context=16384 ;;
  78b) model=OpenGVLab/InternVL2_5-78B name=internvl2.5-78b tp=4 context=16384 ;;
  78b-awq) model=OpenGVLab/InternVL2_5-78B-AWQ name=internvl2.5-78b-awq tp=1 context=8192 format=(--model-format awq) ;;
  *) echo "usage: serve.sh 26b|38b|78b|78b-awq" >&2; exit 2 ;;
esac
key=$(cat "${API_KEY_FILE:?the file with the key that clients must send}")
[ -n "$key" ] || { echo "serve.sh: $API_KEY_FILE is empty" >&2; exit 2; }

# --chat-template: a wrong guess gives answers that never end. --cache-max-entry-count: a share of
# the memory that is left beside the weights; what remains is for the vision model's own work.
exec lmdeploy serve api_server "$model" --model-name "$name" "${format[@]}" \
  --server-name "${HOST:-127.0.0.1}" --server-port 23333 --api-keys "$key" --disable-fastapi-docs \
  --tp "${TP:-$tp}" --session-len "${CONTEXT:-$context}" --cache-max-entry-count 0.5 \
  --chat-template internvl2_5
