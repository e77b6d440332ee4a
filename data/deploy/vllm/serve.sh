#!/usr/bin/env bash
# Starts vLLM with one of the large InternVL2.5 models: serve.sh 26b|38b|78b|78b-awq
#
# API_KEY_FILE  file with the key that clients must send (needed)
# TP, PP        cards in a node and nodes, instead of the recipe's numbers
# CONTEXT       longest prompt with its answer, in tokens, instead of the recipe's number
set -euo pipefail

format=()
case ${1:-} in
  26b) model=OpenGVLab/InternVL2_5-26B name=internvl2.5-26b tp=1 context=16384 ;;
  38b) model=OpenGVLab/InternVL2_5-38B name=internvl2.5-38b tp=2 context=16384 ;;
  78b) model=OpenGVLab/InternVL2_5-78B name=internvl2.5-78b tp=4 context=16384 ;;
  # Only ever on one card: see "4 bit and several cards" in README.md
  78b-awq) model=OpenGVLab/InternVL2_5-78B-AWQ name=internvl2.5-78b-awq tp=1 context=8192
    format=(--quantization awq --dtype half) ;;
  *) echo "usage: serve.sh 26b|38b|78b|78b-awq" >&2; exit 2 ;;
esac
# Through the environment, so that the key is no part of the command line
VLLM_API_KEY=$(cat "${API_KEY_FILE:?the file with the key that clients must send}")
[ -n "$VLLM_API_KEY" ] || { echo "serve.sh: $API_KEY_FILE is empty" >&2; exit 2; }
export VLLM_API_KEY

several=()
# 25 vision heads do not divide by 2 or 4: each card gets the whole vision model and its share of tiles
[ "${TP:-$tp}" = 1 ] || several+=(--mm-encoder-tp-mode data)
[ "${PP:-1}" = 1 ] || several+=(--pipeline-parallel-size "$PP" --distributed-executor-backend ray)

# --trust-remote-code: the model's folder brings its own Python, which then runs here
exec vllm serve "$model" --served-model-name "$name" --trust-remote-code "${format[@]}" \
  --host "${HOST:-127.0.0.1}" --port 8000 --tensor-parallel-size "${TP:-$tp}" "${several[@]}" \
  --max-model-len "${CONTEXT:-$context}" --limit-mm-per-prompt '{"image": 4}'
