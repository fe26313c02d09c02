"""Streams of lines, as schemathesis sends and reads them: one line."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def write(ctx, value):
    """A line of JSON."""
    if isinstance(value, bytes):
        return value
    return json.dumps(value).encode() + b"\n"


@schemathesis.deserializer("application/x-ndjson")
def read(ctx, response):
    """The first line."""
    lines = response.content.splitlines()
    return json.loads(lines[0]) if lines else None


@schemathesis.deserializer("image/jpeg")
def photo(ctx, response):
    """A photo is text to nobody."""
    return response.content.decode("latin-1")
