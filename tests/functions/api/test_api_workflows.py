"""Workflows over HTTP."""

from typing import Any

import pytest

from tests.functions.api.client import ApiClient, recorded
from tests.services.documents import BROKEN, LARGE, constant


@pytest.fixture
def workflow(http: ApiClient) -> dict[str, Any]:
    created = http.post("/api/workflows", {"name": "Constant", "definition": constant("one")})
    assert created.status == 201
    return created.data


def test_the_recorded_request_creates_a_workflow(http: ApiClient) -> None:
    created = http.event(recorded("api-create-workflow"))
    assert created.status == 201
    assert created.data["name"] == "Customer Support Bot"
    assert created.data["version"] == 1
    assert created.data["definition"]["nodes"]["node-1"]["position"] == {"x": 100, "y": 100}
    found = http.get(f"/api/workflows/{created.data['id']}")
    assert found.data == created.data


def test_the_recorded_list_is_answered(http: ApiClient) -> None:
    found = http.event(recorded("api-list-workflows"))
    assert found.status == 200
    assert found.data["pagination"]["limit"] == 20


def test_a_list_is_searched_sorted_and_paged(stranger: ApiClient) -> None:
    for name, folder, tags in (("Beta", "x", ["a"]), ("alpha", "x", ["a", "b"]), ("Gamma two", "y", [])):
        body = {"name": name, "definition": constant(1), "folder": folder, "tags": tags}
        assert stranger.post("/api/workflows", body).status == 201

    def names(**query: Any) -> list[str]:
        return [one["name"] for one in stranger.get("/api/workflows", **query).data["workflows"]]

    assert names(sort="name", order="asc") == ["alpha", "Beta", "Gamma two"]
    assert names(search="TWO") == ["Gamma two"]
    assert names(folder="x", sort="name", order="asc") == ["alpha", "Beta"]
    assert names(tags="a,b") == ["alpha"]
    first = stranger.get("/api/workflows", sort="name", order="asc", limit=2).data
    assert first["pagination"] | {"next_cursor": ""} == {
        "limit": 2,
        "next_cursor": "",
        "page": 1,
        "total": 3,
        "pages": 2,
    }
    cursor = first["pagination"]["next_cursor"]
    second = stranger.get("/api/workflows", sort="name", order="asc", limit=2, cursor=cursor).data
    assert [one["name"] for one in second["workflows"]] == ["Gamma two"]
    assert second["pagination"]["next_cursor"] is None
    numbered = stranger.get("/api/workflows", sort="name", order="asc", limit=2, page=2).data
    assert numbered["workflows"] == second["workflows"]
    assert stranger.get("/api/workflows", limit=2, page=9).data["workflows"] == []
    labels = stranger.get("/api/workflows/labels").data
    assert labels == {"folders": {"x": 2, "y": 1}, "tags": {"a": 2, "b": 1}}


def test_a_save_names_the_revision_that_it_saw(http: ApiClient, workflow: dict[str, Any]) -> None:
    path = f"/api/workflows/{workflow['id']}"
    assert http.put(path, {"name": "New", "revision": 1}).data["revision"] == 2
    assert http.put(path, {"name": "Newer"}, If_Match='"2"').data["revision"] == 3
    assert http.put(path, {"name": "Newest"}, If_Match="*").data["version"] == 4
    missing = http.put(path, {"name": "x"})
    assert (missing.status, missing.error["code"]) == (428, "REVISION_REQUIRED")
    for bad in ("two", '"-1"', "9" * 30):
        assert http.put(path, {"name": "x"}, If_Match=bad).error["details"]["faults"][0]["field"] == "If-Match"
    assert http.put(path, {"name": "x", "revision": 3}, If_Match="4").status == 400


def test_a_save_on_an_older_revision_is_answered_with_what_is_there(http: ApiClient, workflow: dict[str, Any]) -> None:
    path = f"/api/workflows/{workflow['id']}"
    http.put(path, {"definition": constant("theirs"), "revision": 1})
    conflict = http.put(path, {"definition": constant("mine"), "revision": 1})
    assert (conflict.status, conflict.error["code"]) == (409, "REVISION_CONFLICT")
    details = conflict.error["details"]
    assert (details["seen_revision"], details["current_revision"]) == (1, 2)
    assert details["current"]["revision"] == 2
    assert details["definition"]["nodes"] == constant("theirs")["nodes"]


def test_a_deleted_workflow_can_be_restored(http: ApiClient, workflow: dict[str, Any]) -> None:
    path = f"/api/workflows/{workflow['id']}"
    assert http.delete(path).data == {"deleted": True, "id": workflow["id"]}
    gone = http.get(path)
    assert (gone.status, gone.error["code"]) == (404, "WORKFLOW_NOT_FOUND")
    deleted = http.get("/api/workflows", deleted="true").data["workflows"]
    assert workflow["id"] in [one["id"] for one in deleted]
    assert http.post(f"{path}/restore").data["deleted_at"] is None
    assert http.get(path).status == 200
    assert http.post(f"{path}/restore").error["code"] == "WORKFLOW_NOT_DELETED"


def test_a_copy_can_be_named(http: ApiClient, workflow: dict[str, Any]) -> None:
    path = f"/api/workflows/{workflow['id']}/duplicate"
    assert http.post(path).data["name"] == "Copy of Constant"
    named = http.post(path, {"name": "Other"}).data
    assert (named["name"], named["definition"]["name"]) == ("Other", "Other")
    assert named["id"] != workflow["id"]


def test_another_workspaces_workflow_is_as_good_as_absent(
    http: ApiClient, stranger: ApiClient, workflow: dict[str, Any]
) -> None:
    path = f"/api/workflows/{workflow['id']}"
    absent = http.get("/api/workflows/nope").error
    for reply in (
        stranger.get(path),
        stranger.put(path, {"name": "x", "revision": 1}),
        stranger.delete(path),
        stranger.post(f"{path}/restore"),
        stranger.post(f"{path}/duplicate"),
        stranger.post(f"{path}/publish"),
        stranger.get(f"{path}/versions"),
        stranger.get(f"{path}/versions/1"),
        stranger.post(f"{path}/rollback", {"version": 1}),
        stranger.post(f"{path}/validate"),
    ):
        assert (reply.status, reply.error["code"]) == (404, absent["code"])
        assert "Constant" not in str(reply.body)


def test_a_document_is_checked_as_a_whole(http: ApiClient, workflow: dict[str, Any]) -> None:
    verdict = http.post("/api/workflows/validate", {"definition": BROKEN}).data
    assert verdict["valid"] is False
    assert {one["code"] for one in verdict["diagnostics"]} >= {"unknown-node-type", "unknown-node"}
    assert http.post("/api/workflows/validate", {"definition": constant(1)}).data == {"valid": True, "diagnostics": []}
    values: tuple[Any, ...] = (None, 3, [], "x")
    for value in values:
        assert http.post("/api/workflows/validate", {"definition": value}).data["valid"] is False
    assert http.post(f"/api/workflows/{workflow['id']}/validate").data["valid"] is True


def test_a_document_is_compiled_without_being_kept(http: ApiClient) -> None:
    compiled = http.post("/api/workflows/compile", {"definition": constant(1), "pins": {"value": {"it": 5}}}).data
    assert compiled["definition"]["QueryLanguage"] == "JSONata"
    assert compiled["type"] == "STANDARD"
    assert any("value" in nodes for nodes in compiled["source_map"].values())
    assert compiled["estimate"]["usd_per_1000_runs"] > 0
    broken = http.post("/api/workflows/compile", {"definition": BROKEN}).data
    assert broken["definition"] is None
    assert broken["estimate"] is None
    assert len(broken["diagnostics"]) >= 2


def test_a_large_document_is_kept(http: ApiClient) -> None:
    created = http.post("/api/workflows", {"name": "Large", "definition": LARGE})
    assert created.status == 201
    assert http.get(f"/api/workflows/{created.data['id']}").data["definition"]["nodes"] == LARGE["nodes"]


def test_publish_list_compare_and_roll_back(http: ApiClient, workflow: dict[str, Any]) -> None:
    path = f"/api/workflows/{workflow['id']}"
    published = http.post(f"{path}/publish", {"message": "first"})
    assert published.status == 201
    assert (published.data["version"]["version"], published.data["workflow"]["published_version"]) == (1, 1)
    revision = published.data["workflow"]["revision"]
    http.put(path, {"definition": constant("two"), "revision": revision})
    assert http.post(f"{path}/publish").data["version"]["version"] == 2
    listed = http.get(f"{path}/versions").data
    assert [one["version"] for one in listed["versions"]] == [2, 1]
    assert listed["live_version"] == 2
    assert http.get(f"{path}/versions/1").data["definition"]["nodes"] == constant("one")["nodes"]
    comparison = http.send("GET", f"{path}/versions/compare", query={"from": 1, "to": 2}).data
    assert comparison["changed"][0]["fields"] == [
        {"field": "data.fields.it", "before": "one", "after": "two", "kind": "changed"}
    ]
    assert http.send("GET", f"{path}/versions/compare", query={"from": 2}).data["identical"] is True
    assert http.post(f"{path}/rollback", {"version": 1}).data["workflow"]["published_version"] == 1
    assert http.get(f"{path}/versions").data["live_version"] == 1
    assert http.post(f"{path}/rollback", {"version": 9}).error["code"] == "VERSION_NOT_FOUND"


def test_a_draft_that_does_not_compile_is_not_published(http: ApiClient, workflow: dict[str, Any]) -> None:
    path = f"/api/workflows/{workflow['id']}"
    http.put(path, {"definition": BROKEN, "revision": 1})
    refused = http.post(f"{path}/publish")
    assert (refused.status, refused.error["code"]) == (422, "INVALID_DOCUMENT")
    assert len(refused.error["details"]["diagnostics"]) >= 2
