"""Prints the Debian packages of the libraries that a program loads, in CycloneDX 1.5."""

import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries(program):
    """Paths of the libraries, those that libraries load in turn included."""
    return sorted(set(re.findall(r"(/\S+) \(0x", run("ldd", program))))


def package(library):
    """Name of the installed package, e.g. libc6:amd64."""
    path = pathlib.Path(library)
    # /lib is a link to /usr/lib, and dpkg knows a file by the path of its package. An alternative,
    # such as that of BLAS, is a link to the package's own file.
    resolved = str(path.resolve())
    for candidate in (resolved, resolved.removeprefix("/usr"), str(path), str(path).removeprefix("/usr")):
        found = subprocess.run(["dpkg", "-S", candidate], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(": ")[0]
    sys.exit(f"{library} belongs to no package")


def component(name, files):
    fields = "${binary:Package}\t${Version}\t${Architecture}\t${source:Package}"
    shown, version, architecture, source = run("dpkg-query", "-W", "-f", fields, name).split("\t")
    distribution = "debian"
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("ID="):
            distribution = line.removeprefix("ID=").strip('"')
    short = shown.split(":")[0]
    escaped = version.replace("+", "%2B").replace(":", "%3A").replace("~", "%7E")
    purl = f"pkg:deb/{distribution}/{short.replace('+', '%2B')}@{escaped}?arch={architecture}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": short,
        "version": version,
        "purl": purl,
        "properties": [{"name": "debian:source", "value": source}]
        + [{"name": "file", "value": file} for file in sorted(files)],
    }


def main():
    program = pathlib.Path(sys.argv[1])
    packages = {}
    for library in libraries(program):
        packages.setdefault(package(library), []).append(library)
    components = [component(name, files) for name, files in sorted(packages.items())]
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", program.stat().st_mtime))
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    described = {
        "type": "application",
        "bom-ref": program.name,
        "name": program.name,
        "version": run(program, "--version").split()[-1],
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {"timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": described},
        "components": components,
        "dependencies": [
            {"ref": program.name, "dependsOn": [item["bom-ref"] for item in components]}
        ],
    }
    json.dump(bom, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
