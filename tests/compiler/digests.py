"""Prints a digest of what random documents compile to: `python -m tests.compiler.digests COUNT`."""

import hashlib
import sys
from random import Random

import orjson

from millrace.compiler import compile_document
from tests.reference.random_documents import random_document


def main(count: int) -> None:
    """Print one line for each document."""
    for seed in range(count):
        document, _ = random_document(Random(seed), 5 + seed)
        print(hashlib.sha256(orjson.dumps(compile_document(document).to_json())).hexdigest())


if __name__ == "__main__":
    main(int(sys.argv[1]))
