#!/usr/bin/env python3
"""Checks who includes whom: docs/architecture.md, section 1, as a table.

Everyone may include `core`; nobody includes a neighbour; only `server` sees all; `providers` may use `http`. Third-party
headers belong to one room and show only in its .cpp files. Exits with 1 and one line for each breach.
"""

import pathlib
import re
import sys

MAY_INCLUDE = {
    "core": set(),
    "ingest": {"core"},
    "answer": {"core"},
    "extract": {"core"},
    "inference": {"core"},
    "index": {"core"},
    "store": {"core"},
    "http": {"core"},
    "providers": {"core", "http"},
    "server": {"core", "ingest", "answer", "extract", "inference", "index", "store", "http", "providers"},
}

# Third-party header -> (rooms that own it, may it show in their headers?)
THIRD_PARTY = [
    (r"spdlog/|fmt/", {"core"}, False),
    (r"unicode/", {"core", "extract"}, False),
    (r"openvino/", {"inference"}, False),
    (r"faiss/", {"index"}, False),
    (r"libstemmer", {"index"}, False),
    (r"sqlite3", {"store"}, False),
    (r"seccomp", {"extract"}, False),
    (r"(zip|gumbo|md4c)\.h|pugixml|uchardet/", {"extract"}, False),
    (r"openssl/", {"http", "store", "inference"}, False),
    (r"curl/", {"http"}, False),
    (r"CLI/", {"server"}, False),
    (r"boost/json", {"server", "providers", "store", "inference", "extract"}, False),
    (r"boost/beast", {"http"}, False),
    # Coroutines: awaitable may show where an interface waits.
    (r"boost/asio", {"core", "http", "answer", "ingest", "providers", "server"}, True),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def breaches(source_root):
    for path in sorted(source_root.rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        relative = path.relative_to(source_root)
        room = relative.parts[0]
        if room not in MAY_INCLUDE:
            yield f"{relative}: '{room}' is not a room of the architecture"
            continue
        is_test = path.name.endswith("_test.cpp")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            quote, header = found.groups()
            where = f"{relative}:{number}"
            if quote == '"':
                other = header.split("/")[0]
                if header.startswith("tests/") and is_test:
                    continue
                if "/" not in header:
                    yield f"{where}: \"{header}\": name the room (\"{room}/{header}\")"
                elif other not in MAY_INCLUDE:
                    yield f"{where}: \"{header}\" names no room"
                elif other != room and other not in MAY_INCLUDE[room]:
                    yield f"{where}: {room} may not include {other} (\"{header}\")"
                continue
            for pattern, owners, in_headers in THIRD_PARTY:
                if re.match(pattern, header):
                    if is_test and header == "boost/json.hpp":
                        continue  # test data
                    if room not in owners:
                        yield f"{where}: <{header}> belongs to {' and '.join(sorted(owners))}"
                    elif path.suffix == ".h" and not in_headers:
                        yield f"{where}: <{header}> may show only in .cpp files"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent / "src"
    found = list(breaches(root))
    for line in found:
        print(line)
    if found:
        print(f"{len(found)} breach(es) of the include rule (docs/architecture.md, section 1)")
        return 1
    print("includes: every room keeps to its table")
    return 0


if __name__ == "__main__":
    sys.exit(main())
