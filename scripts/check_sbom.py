"""Validates CycloneDX files against the schema of their version; needs cyclonedx-python-lib."""

import json
import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main():
    for path in map(pathlib.Path, sys.argv[1:]):
        text = path.read_text()
        bom = json.loads(text)
        version = SchemaVersion[f"V{bom['specVersion'].replace('.', '_')}"]
        error = JsonStrictValidator(version).validate_str(text)
        if error is not None:
            sys.exit(f"{path}: {error}")
        if not bom["components"]:
            sys.exit(f"{path}: it lists no component")
        print(f"{path}: CycloneDX {bom['specVersion']}, {len(bom['components'])} components")


if __name__ == "__main__":
    main()
