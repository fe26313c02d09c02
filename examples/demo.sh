#!/usr/bin/env bash
# Demonstrates the main job: enrols the composite dogs of tests/data, starts server and
# gateway, asks both for the dog most like a composite person, and draws the pair.
#
# With --serve, server and gateway keep running on ports 50051 and 8080 until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=target/release
person=tests/data/persons/wide-set-eyes.jpg
work=$(mktemp -d)
picture=$PWD/target/demo.png
pids=()
serve=; [ "${1:-}" != --serve ] || serve=yes
grpc_port=0 rest_port=0
[ -z "$serve" ] || { grpc_port=50051; rest_port=8080; }

stop() {
    for pid in "${pids[@]:-}"; do
        [ -z "$pid" ] || { kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; } || true
    done
    rm -rf "$work"
}
trap stop EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Waits until a log contains a pattern and prints the match.
wait_for() {
    for _ in $(seq 100); do
        grep -oE -m1 "$2" "$1" 2>/dev/null && return
        sleep 0.1
    done
    echo "no \"$2\" within 10 s:" >&2
    cat "$1" >&2
    return 1
}
address_in() { wait_for "$1" 'address=[0-9.:]+' | cut -d= -f2; }

export MUNGPY_DATA_DIR=$work/data

say "1. Models"
$bin/mungpy models verify

say "2. The nightly batch over tests/data/dogs"
$bin/mungpy batch --source tests/data/dogs

say "3. gRPC: mungpy.v1.MatchService/Match"
$bin/mungpy serve --listen "127.0.0.1:$grpc_port" 2>"$work/server.log" &
pids+=($!)
grpc=$(address_in "$work/server.log")
wait_for "$work/server.log" 'catalogue loaded' >/dev/null
if command -v grpcurl >/dev/null; then
    printf '{"photos": ["%s"], "imageId": "me.jpg", "top": 3}' "$(base64 -w0 $person)" |
        grpcurl -plaintext -d @ "$grpc" mungpy.v1.MatchService/Match
else
    $bin/mungpy match --server "http://$grpc" --top 3 --json $person
fi

say "4. REST: POST /api/v1/similar-dog"
$bin/mungpy-gateway --listen "127.0.0.1:$rest_port" --upstream "http://$grpc" 2>"$work/gateway.log" &
pids+=($!)
rest=$(address_in "$work/gateway.log")
curl -sS -F imageId=me.jpg -F "image=@$person" "http://$rest/api/v1/similar-dog"
echo

say "5. Side by side, without a server"
$bin/mungpy match --answer sociability=outgoing --answer curiosity=curious --answer closeness=clingy --picture "$picture" $person
echo "picture: $picture"

[ -n "$serve" ] || exit 0
say "gRPC on $grpc, REST on http://$rest; Ctrl-C stops both"
wait
