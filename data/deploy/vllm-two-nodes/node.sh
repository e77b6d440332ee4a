#!/usr/bin/env bash
# One node of a two-node vLLM with InternVL2.5-78B, 4 cards in each: node.sh head | node.sh worker
#
# HEAD_IP       the head's address on the network between the two (needed)
# NODE_IP       this node's own address on that network (needed)
# API_KEY_FILE  file with the key that clients must send (needed on the head)
#
# What the nodes say to each other is neither encrypted nor authenticated, and whoever reaches Ray's
# port can run programs here: that network must be the two nodes' own.
set -euo pipefail

cards=4
nodes=2
export VLLM_HOST_IP=${NODE_IP:?this node\'s address}

case ${1:-} in
  worker)
    exec ray start --address "${HEAD_IP:?the address of the head}:6379" --node-ip-address "$NODE_IP" --block
    ;;
  head)
    ray start --head --node-ip-address "${HEAD_IP:?the address of the head}" --port 6379 \
      --include-dashboard false --disable-usage-stats
    until python3 -c "
import ray, sys
ray.init(address='auto', logging_level='error', log_to_driver=False)
sys.exit(ray.cluster_resources().get('GPU', 0) < $((cards * nodes)))"; do
      echo "node.sh: waiting for the other node's $cards cards" >&2
      sleep 10
    done
    # Tensor parallel within a node, pipeline parallel between nodes
    TP=$cards PP=$nodes exec bash "$(dirname "$0")/${SERVE:-../vllm/serve.sh}" 78b
    ;;
  *) echo "usage: node.sh head|worker" >&2; exit 2 ;;
esac
