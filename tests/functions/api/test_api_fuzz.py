"""Whatever is sent, the answer is an envelope and never a fault of ours."""

import json
from typing import Any, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functions.api.client import ApiClient
from tests.services.documents import constant

_TEXT: Final = st.text(max_size=12)
_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_NODE: Final = st.fixed_dictionaries(
    {"type": st.sampled_from(["set", "http", "loop", "conditional", "subworkflow", "x"])},
    optional={"id": _TEXT, "data": _JSON, "parentId": _TEXT, "position": _JSON},
)
_DEFINITION: Final = st.fixed_dictionaries(
    {"nodes": st.dictionaries(st.text("abc", min_size=1, max_size=2), _NODE, max_size=4) | _JSON},
    optional={
        "edges": _JSON
        | st.lists(st.fixed_dictionaries({"source": st.text("abc", max_size=2), "target": st.text("abc", max_size=2)})),
        "settings": _JSON,
        "name": _JSON,
    },
)
_BODY: Final = st.fixed_dictionaries(
    {},
    optional={
        "name": _TEXT | _JSON,
        "definition": _DEFINITION | _JSON,
        "description": _TEXT | _JSON,
        "tags": st.lists(_TEXT, max_size=3) | _JSON,
        "folder": _TEXT | _JSON,
        "revision": st.integers(0, 3) | _JSON,
        "version": st.integers(0, 3) | _JSON,
        "message": _TEXT | _JSON,
        "pins": _JSON,
        "workflow_id": _TEXT | _JSON,
    },
)
_QUERY: Final = st.dictionaries(
    st.sampled_from(["limit", "cursor", "page", "sort", "order", "search", "tags", "folder", "deleted", "from", "to"]),
    st.text(max_size=20) | st.sampled_from(["1", "draft", "name", "asc", "true", "-1", "1e3", "9" * 40]),
    max_size=4,
)
_HEADERS: Final = st.dictionaries(st.sampled_from(["if-match", "idempotency-key", "content-type"]), _TEXT, max_size=2)
_OWN: Final = ("/api/workflows", "/api/nodes", "/api/auth")


@pytest.fixture(scope="module")
def known(http: ApiClient) -> str:
    created = http.post("/api/workflows", {"name": "Known", "definition": constant(1)}).data["id"]
    assert http.post(f"/api/workflows/{created}/publish").status == 201
    return created


@pytest.fixture(scope="module")
def routes(http: ApiClient) -> list[tuple[str, str]]:
    paths = cast("dict[str, dict[str, Any]]", http.get("/api/openapi.json").body["paths"])
    return sorted((method.upper(), path) for path, methods in paths.items() for method in methods)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_no_request_finds_a_fault_of_ours(
    http: ApiClient, known: str, routes: list[tuple[str, str]], data: st.DataObject
) -> None:
    method, path = data.draw(st.sampled_from(routes))
    while "{" in path:
        before, _, rest = path.partition("{")
        name, _, after = rest.partition("}")
        identity = st.sampled_from([known]) | st.sampled_from(["nope", "1", "0", "-1", "a" * 101]) | _TEXT
        if name == "version":
            identity = st.sampled_from(["1", "0", "99", "x", "9" * 30])
        path = f"{before}{data.draw(identity).replace('{', '')}{after}"
    raw = None
    if method in ("POST", "PUT"):
        body = data.draw(_BODY | _JSON)
        raw = data.draw(st.just(json.dumps(body)) | st.text(max_size=30))
    reply = http.send(method, path, raw=raw, query=data.draw(_QUERY), headers=data.draw(_HEADERS))
    assert reply.status < 500, (method, path, reply.body)
    if reply.headers["content-type"] == "application/json" and path != "/api/openapi.json":
        assert set(reply.body) == {"success", "data" if reply.body["success"] else "error"}
