"""Triggers over HTTP: EventBridge and its Scheduler by moto."""

from typing import Any

from tests.functions.api.client import ApiClient

HEADER = {"type": "header", "name": "X-Api-Key", "value": "a secret of ours"}


def workflow(http: ApiClient) -> str:
    found: str = http.post("/api/workflows", {"name": "Triggered", "definition": {"nodes": {}, "edges": []}}).data["id"]
    return found


def create(http: ApiClient, kind: str, config: Any, **more: Any) -> Any:
    reply = http.post(f"/api/workflows/{workflow(http)}/triggers", {"type": kind, "config": config, **more})
    assert reply.status == 201, reply.body
    return reply.data


def test_a_webhook_is_created_listed_and_deleted(http: ApiClient) -> None:
    trigger = create(http, "webhook", {"path": "invoices", "authentication": HEADER})
    assert (trigger["path"], trigger["enabled"], trigger["next_times"]) == ("/hooks/invoices", True, [])
    assert trigger["config"] == {
        "path": "invoices",
        "method": "POST",
        "authentication": {"type": "header", "name": "X-Api-Key"},
        "respond": "immediately",
    }
    listed = http.get(f"/api/workflows/{trigger['workflow_id']}/triggers").data["triggers"]
    assert listed == [trigger] == [http.get(f"/api/triggers/{trigger['id']}").data]
    assert http.delete(f"/api/triggers/{trigger['id']}").data == {"deleted": True, "id": trigger["id"]}
    assert http.get(f"/api/triggers/{trigger['id']}").error["code"] == "TRIGGER_NOT_FOUND"
    assert http.delete(f"/api/triggers/{trigger['id']}").status == 404


def test_a_path_that_is_taken_is_a_conflict(http: ApiClient) -> None:
    create(http, "webhook", {"path": "taken"})
    reply = http.post(f"/api/workflows/{workflow(http)}/triggers", {"type": "webhook", "config": {"path": "taken"}})
    assert (reply.status, reply.error["code"]) == (409, "TRIGGER_KEY_TAKEN")


def test_a_schedule_shows_its_next_times_in_its_time_zone(http: ApiClient) -> None:
    trigger = create(http, "schedule", {"cron": "0 9 * * *", "timezone": "Asia/Tokyo"})
    assert len(trigger["next_times"]) == 5
    assert all(due.endswith("T09:00:00+09:00") for due in trigger["next_times"])
    disabled = http.post(f"/api/triggers/{trigger['id']}/disable").data
    assert (disabled["enabled"], disabled["next_times"]) == (False, [])
    assert http.post(f"/api/triggers/{trigger['id']}/enable").data["enabled"] is True


def test_a_schedule_can_be_looked_at_before_it_is_saved(http: ApiClient) -> None:
    assert len(http.post("/api/triggers/preview", {"config": {"every": "1 hour"}}).data["next_times"]) == 5
    reply = http.post("/api/triggers/preview", {"config": {"cron": "99 * * * *", "timezone": "Nowhere"}})
    assert reply.status == 400
    assert [fault["field"] for fault in reply.error["details"]["faults"]] == ["config.cron", "config.timezone"]


def test_a_change_on_an_old_revision_is_a_conflict(http: ApiClient) -> None:
    trigger = create(http, "webhook", {}, enabled=False)
    path, seen = f"/api/triggers/{trigger['id']}", trigger["revision"]
    changed = http.put(path, {"config": {"method": "GET"}, "enabled": True, "revision": seen}).data
    assert (changed["config"]["method"], changed["enabled"], changed["revision"]) == ("GET", True, seen + 1)
    reply = http.put(path, {"enabled": False, "revision": seen})
    assert (reply.status, reply.error["code"]) == (409, "REVISION_CONFLICT")


def test_every_type_describes_its_config_as_a_form(http: ApiClient) -> None:
    types = http.get("/api/triggers/types").data["types"]
    assert set(types) == {"webhook", "schedule", "event", "error"}
    for schema in types.values():
        assert schema["description"]
        assert all("description" in field for field in schema["properties"].values())


def test_triggers_of_another_workspace_are_not_there(http: ApiClient, stranger: ApiClient) -> None:
    trigger = create(http, "error", {})
    assert stranger.get(f"/api/triggers/{trigger['id']}").status == 404
    assert stranger.post(f"/api/triggers/{trigger['id']}/disable").status == 404
    assert stranger.get(f"/api/workflows/{trigger['workflow_id']}/triggers").status == 404
