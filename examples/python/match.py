"""Asks a running server for the dog most like a person.

    make demo-server                                         # in another terminal
    pip install -r examples/python/requirements.txt
    PYTHONPATH=proto python examples/python/match.py tests/data/persons/wide-set-eyes.jpg
"""

import sys
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

# Compiles the contract, which is found through PYTHONPATH.
protos, services = grpc.protos_and_services("mungpy/v1/match.proto")


def reason(error):
    """The stable reason of an error; decide by it, not by the message."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason
    return error.code().name


def main(photo, server="127.0.0.1:50051"):
    request = protos.MatchRequest(
        photos=[Path(photo).read_bytes()],
        image_id=photo,
        answers=[protos.Answer(axis="energy", side="homebody")],
        top=3,
        language="ko",
    )
    with grpc.insecure_channel(server) as channel:
        try:
            response = services.MatchServiceStub(channel).Match(request, timeout=30)
        except grpc.RpcError as error:
            sys.exit(f"{error.details()} [{reason(error)}]")
    for dog in response.matches:
        print(f"{dog.dog_id} (image {dog.dog_image_id}): {dog.score:.1f}")
        for ratio in dog.explanation.ratios:
            print(f"  {ratio.sentence}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: match.py PHOTO [HOST:PORT]")
    main(*sys.argv[1:])
