"""The description, the program and the documentation name the same routes."""

import json
import re

from jackdaw import QUESTION, ROOT, SAMPLE


def described(server):
    return server.get("/openapi.json").json()


def resolve(spec, node):
    while "$ref" in node:
        target = spec
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def check_shape(spec, schema, value, where):
    """As much of JSON Schema as the description uses."""
    schema = resolve(spec, schema)
    if "oneOf" in schema:
        failures = []
        for option in schema["oneOf"]:
            try:
                return check_shape(spec, option, value, where)
            except AssertionError as failure:
                failures.append(failure)
        raise AssertionError(f"{where}: fits none: {failures}")
    if "enum" in schema:
        assert value in schema["enum"], where
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
             "null": type(None)}
    if wanted := schema.get("type"):
        wanted = wanted if isinstance(wanted, list) else [wanted]
        assert any(isinstance(value, kinds[kind]) for kind in wanted), f"{where}: {value!r} is no {wanted}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            assert name in value, f"{where}: {name} is missing"
        known = schema.get("properties")
        for name, item in value.items():
            if known is not None and name in known:
                check_shape(spec, known[name], item, f"{where}.{name}")
            elif known is not None and "additionalProperties" not in schema:
                raise AssertionError(f"{where}: {name} is not described")
    if isinstance(value, list) and "items" in schema:
        for item in value:
            check_shape(spec, schema["items"], item, where + "[]")


def test_every_described_route_answers_as_described(hash_server):
    spec = described(hash_server)
    assert spec["openapi"].startswith("3.1")
    document = hash_server.upload(SAMPLE).json()["document_id"]
    answer_id = hash_server.post_json("/v1/answers", {"question": QUESTION}).json()["answer_id"]
    conversation = hash_server.post_json("/v1/conversations", {}).json()["conversation_id"]
    hash_server.post_json("/v1/answers", {"question": QUESTION, "conversation_id": conversation})
    question = json.dumps({"question": QUESTION})
    as_json = {"Content-Type": "application/json"}
    called = 0
    backups = []
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            if method == "delete":
                continue  # last, below
            target = path.replace("{id}", document).replace("{n}", "1")
            if operation["operationId"] in ("upload", "createDocument", "replaceDocument"):
                answer = hash_server.form(method.upper(), target, SAMPLE)
            elif operation["operationId"] == "retryDocument":
                answer = hash_server.request("POST", target)
            elif operation["operationId"] == "renameConversation":
                answer = hash_server.request("PATCH", target.replace(document, conversation), body='{"title": "x"}',
                                             headers=as_json)
            elif method == "patch":
                answer = hash_server.request("PATCH", target, body="{}", headers=as_json)
            else:
                target = target.replace(document, answer_id) if "/answers/" in path else target
                target = target.replace(document, conversation) if "/conversations/" in path else target
                target = target.replace("{file}", "docs.css")
                answer = hash_server.request(method.upper(), target, body=question if method == "post" else None,
                                             headers=as_json if method == "post" else {})
            described_answer = operation["responses"].get(str(answer.status))
            assert described_answer, f"{method} {path}: {answer.status} is not described"
            content = resolve(spec, described_answer).get("content", {})
            kind = (answer.headers["Content-Type"] or "").split(";")[0]
            if content and "*/*" not in content:
                assert kind in content, f"{method} {path}: {kind}"
            if kind == "application/json" and "*/*" not in content:
                check_shape(spec, content[kind]["schema"], answer.json(), f"{method} {path}")
            if operation["operationId"] == "makeBackup":
                backups.append(answer.json()["backup_id"])
            called += 1
    assert hash_server.request("DELETE", f"/v1/documents/{document}").status == 204
    assert hash_server.request("DELETE", f"/v1/conversations/{conversation}").status == 204
    for backup in backups:
        assert hash_server.request("DELETE", f"/v1/backups/{backup}").status == 204
    assert hash_server.request("DELETE", "/v1/reindex").status == 202
    assert called == sum(len(methods) for methods in spec["paths"].values()) - 4
    assert hash_server.upload(SAMPLE).status == 200


def test_errors_are_described(hash_server):
    spec = described(hash_server)
    answer = hash_server.post_json("/query", {"question": ""})
    check_shape(spec, spec["components"]["schemas"]["Problem"], answer.json(), "problem")


def test_the_documentation_names_the_same_routes(hash_server):
    text = (ROOT / "docs" / "http_api.md").read_text()
    documented = {(method, path) for method, path in re.findall(r"^### `([A-Z]+) (/[^`]*)`", text, re.M)}
    spec = {(method.upper(), path) for path, methods in described(hash_server)["paths"].items() for method in methods}
    assert documented == spec


def test_the_program_has_no_route_that_is_not_described(hash_server):
    source = (ROOT / "src" / "server" / "routes.cpp").read_text()
    added = {(method, path) for method, path in re.findall(r'router\.add\("([A-Z]+)", "([^"]+)"', source)}
    spec = {(method.upper(), path) for path, methods in described(hash_server)["paths"].items() for method in methods}
    assert added <= spec
