#!/usr/bin/env bash
# Asks a running server and a running gateway for the dog most like a person.
#
#   make demo-server                                         # in another terminal
#   examples/match.sh tests/data/persons/wide-set-eyes.jpg
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: match.sh PHOTO [HOST:PORT of gRPC] [URL of the gateway]" >&2; exit 2; }
photo=$1 grpc=${2:-127.0.0.1:50051} rest=${3:-http://127.0.0.1:8080}

echo "REST: the contract, one id"
curl -sS -F "imageId=$(basename "$photo")" -F "image=@$photo" "$rest/api/v1/similar-dog"
echo

if command -v grpcurl >/dev/null; then
    echo "gRPC: three dogs, with reasons"
    printf '{"photos": ["%s"], "top": 3}' "$(base64 -w0 "$photo")" |
        grpcurl -plaintext -d @ "$grpc" mungpy.v1.MatchService/Match
else
    echo "grpcurl is not installed; the gRPC part is left out"
fi
