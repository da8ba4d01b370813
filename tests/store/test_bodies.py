"""Bodies lie in the item or in the bucket, and come back the same."""

import json
from typing import Any

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.model import Json
from millrace.store.bodies import IN_ITEM_BYTES
from millrace.store.dynamo_store import DynamoStore
from millrace.store.errors import StoreUnavailableError
from millrace.store.records import WorkspaceId
from millrace.store.settings import StoreSettings
from tests.store.records import LARGE, new_id, run

_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**63 - 2, 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


def stored_keys(settings: StoreSettings, prefix: str) -> list[str]:
    client: Any = botocore.session.Session().create_client("s3", region_name=settings.region)  # pyright: ignore[reportUnknownMemberType] - botocore has no types
    return [entry["Key"] for entry in client.list_objects_v2(Bucket=settings.bucket, Prefix=prefix).get("Contents", ())]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=_values)
def test_any_json_comes_back(store: DynamoStore, value: Json) -> None:
    key = new_id()
    store.remember(key, value, 60)
    found = store.remembered(key)
    assert json.dumps(found) == json.dumps(value)


@pytest.mark.parametrize("text", ["\ud800", "\x00", "\u2028", "😀" * 60_000, '"\\' * 60_000])
def test_any_text_comes_back(store: DynamoStore, workspace: WorkspaceId, text: str) -> None:
    created = run(workspace, inputs={text: [text]}, outputs=text)
    store.create_run(created)
    assert store.run(workspace, created.id) == created


def test_largest_bodies_go_to_the_bucket_until_the_rest_fits(
    store: DynamoStore, settings: StoreSettings, workspace: WorkspaceId
) -> None:
    small = "s" * (IN_ITEM_BYTES // 2 - 100)
    created = run(workspace, inputs=small, outputs=small + "o", trigger=None)
    store.create_run(created)
    assert stored_keys(settings, f"bodies/runs/{created.id}/") == []
    larger = run(workspace, inputs=small, outputs=small + "o", trigger={"type": "webhook", "body": LARGE})
    store.create_run(larger)
    assert len(stored_keys(settings, f"bodies/runs/{larger.id}/")) == 1
    assert store.run(workspace, larger.id) == larger


def test_same_content_is_stored_once(store: DynamoStore, settings: StoreSettings, workspace: WorkspaceId) -> None:
    created = run(workspace, inputs=LARGE, outputs=LARGE)
    store.create_run(created)
    store.save_run(created)
    assert len(stored_keys(settings, f"bodies/runs/{created.id}/")) == 1
    assert store.run(workspace, created.id) == created


def test_missing_bucket_is_an_error_that_names_it(settings: StoreSettings, store: DynamoStore) -> None:
    broken = DynamoStore(StoreSettings(settings.table, "no-such-bucket", settings.region, settings.dynamodb_url))
    with pytest.raises(StoreUnavailableError, match="no-such-bucket"):
        broken.remember(new_id(), LARGE, 60)
