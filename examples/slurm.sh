#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A Slurm job: vLLM on each GPU of a node, assent annotate beside them, and all of it stopped at the end.
# In the project's folder:
#
#   sbatch --gpus-per-node=4 slurm.sh MODEL [OPTIONS OF ANNOTATE ..]
#
# assent.yaml has an address a GPU, and the key's variable, since others may have programs on the node:
#
#   qwen: {kind: model, engine: http, model: MODEL, api_key_env: VLLM_API_KEY,
#          url: ["http://127.0.0.1:8000/v1", "http://127.0.0.1:8001/v1", ..]}
#
# Several such jobs may run in one project's folder: each claims pictures of its own. One that meets its time limit is
# told two minutes before, and keeps what was answered; sbatch again, and it goes on there.
#SBATCH --job-name=assent
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --exclusive
#SBATCH --time=12:00:00
#SBATCH --signal=B:TERM@120
set -u
model=${1:?slurm.sh MODEL [OPTIONS OF ANNOTATE ..]}
shift
port=${PORT:-8000}
patience=${PATIENCE:-1800} # seconds, to load the model
IFS=, read -ra gpus <<< "${CUDA_VISIBLE_DEVICES:-0}"
VLLM_API_KEY=$(openssl rand -hex 32)
export VLLM_API_KEY

servers=()
# shellcheck disable=SC2317 # it is reached by the trap
stop() {
    kill "${servers[@]}" 2> /dev/null
    wait
}
trap stop EXIT
trap 'exit 1' TERM INT

for i in "${!gpus[@]}"; do
    CUDA_VISIBLE_DEVICES=${gpus[i]} vllm serve "$model" --host 127.0.0.1 --port $((port + i)) \
        --enable-prefix-caching --enable-prompt-tokens-details > "vllm-${SLURM_JOB_ID:-0}-$i.log" 2>&1 &
    servers+=($!)
done
for i in "${!gpus[@]}"; do
    until curl -sf -o /dev/null "http://127.0.0.1:$((port + i))/health"; do
        if ! kill -0 "${servers[i]}" 2> /dev/null || [ "$SECONDS" -gt "$patience" ]; then
            printf 'slurm.sh: the server is not up: see vllm-%s-%d.log\n' "${SLURM_JOB_ID:-0}" "$i" >&2
            exit 1
        fi
        sleep 2
    done
done

assent annotate "$@" &
annotate=$!
told=
trap 'told=1; kill -TERM "$annotate"' TERM INT
wait "$annotate"
status=$?
if [ "$told" ]; then # the signal ended that wait
    wait "$annotate"
    status=$?
fi
exit "$status"
