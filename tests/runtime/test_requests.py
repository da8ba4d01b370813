"""Requests that the service must refuse or bear, through its gateway."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.services.documents import constant

SAVES = 200
MEGABYTE = 1024 * 1024
JSON = {"content-type": "application/json"}


@pytest.fixture
def workflow(http: httpx.Client) -> dict[str, Any]:
    return http.post("/api/workflows", json={"name": "Saved", "definition": constant(1)}).json()["data"]


def test_one_of_many_saves_at_the_same_time_wins_and_the_others_are_told(
    http: httpx.Client, workflow: dict[str, Any]
) -> None:
    path = f"/api/workflows/{workflow['id']}"

    def save(number: int) -> httpx.Response:
        return http.put(path, json={"description": str(number), "revision": workflow["revision"]})

    with ThreadPoolExecutor(SAVES) as threads:
        answers = list(threads.map(save, range(SAVES)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: SAVES - 1}
    (won,) = [answer.json()["data"] for answer in answers if answer.status_code == 200]
    now = http.get(path).json()["data"]
    assert (now["revision"], now["description"]) == (workflow["revision"] + 1, won["description"])
    for answer in answers:
        if answer.status_code == 409:
            error = answer.json()["error"]
            assert error["code"] == "REVISION_CONFLICT"
            assert error["details"]["current"]["revision"] == now["revision"]
            assert error["details"]["current"]["description"] == now["description"]


def test_saves_on_top_of_what_was_told_all_arrive_in_the_end(http: httpx.Client, workflow: dict[str, Any]) -> None:
    path = f"/api/workflows/{workflow['id']}"

    def save(number: int) -> None:
        revision = workflow["revision"]
        while True:
            answer = http.put(path, json={"description": str(number), "revision": revision})
            if answer.status_code == 200:
                return
            assert answer.status_code == 409, answer.text
            revision = answer.json()["error"]["details"]["current"]["revision"]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(save, range(24)))
    assert http.get(path).json()["data"]["revision"] == workflow["revision"] + 24


def test_a_document_of_five_megabytes_is_kept(http: httpx.Client) -> None:
    definition = constant(1)
    definition["nodes"]["note"] = {"id": "note", "type": "note", "data": {"text": "x" * (5 * MEGABYTE)}}
    created = http.post("/api/workflows", json={"name": "Large", "definition": definition})
    assert created.status_code == 201, created.text[:1000]
    found = http.get(f"/api/workflows/{created.json()['data']['id']}")
    assert found.json()["data"]["definition"]["nodes"] == definition["nodes"]


def test_a_request_of_eleven_megabytes_is_refused(http: httpx.Client) -> None:
    body = json.dumps({"name": "x" * (11 * MEGABYTE), "definition": constant(1)}).encode()
    answer = http.post("/api/workflows", content=body, headers=JSON)
    assert answer.status_code == 413
    assert http.get("/api/workflows").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"name": "x"',
        b'{"name": NaN, "definition": {}}',
        b"\xff\xfe",
        b"\x00",
        b"[" * 100_000,
        b'{"name": "\\ud800", "definition": {}}',
        b"",
        b"null",
        b'"text"',
        b"[]",
        b'{"name": 1, "definition": {}}',
        b'{"name": "x", "definition": []}',
        b'{"name": {}, "definition": "x", "tags": 3, "folder": [], "unknown": 1}',
        b'{"name": "x", "name": "y"}',
        b'{"name": 1e999, "definition": {"nodes": {}, "edges": []}}',
    ],
)
def test_a_body_that_is_no_workflow_is_a_bad_request(http: httpx.Client, body: bytes) -> None:
    for method, path in (("POST", "/api/workflows"), ("POST", "/api/workflows/execute")):
        answer = http.request(method, path, content=body, headers=JSON)
        assert answer.status_code in (400, 422), (method, path, answer.status_code, answer.text)
        assert answer.json()["success"] is False
        assert answer.json()["error"]["message"]


@pytest.mark.parametrize("identity", ["unknown", "00000000-0000-4000-8000-000000000000", "%2e%2e", "a%2Fb", "%00", "#"])
def test_an_id_that_nobody_has_is_not_found(http: httpx.Client, identity: str) -> None:
    for path in ("/api/workflows", "/api/executions", "/api/triggers", "/api/nodes"):
        answer = http.get(f"{path}/{identity}x")
        assert answer.status_code == 404, (path, answer.text)
        assert answer.json()["success"] is False
