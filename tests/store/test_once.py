from collections.abc import Callable

import pytest

from millrace.store.dynamo_store import DynamoStore
from tests.store.records import LARGE, new_id


def test_key_is_claimed_once_until_its_time_is_over(store: DynamoStore, later: Callable[[float], DynamoStore]) -> None:
    key = new_id()
    assert store.claim(key, 60)
    assert not store.claim(key, 60)
    assert not later(59).claim(key, 60)
    assert later(61).claim(key, 60)


def test_claim_given_up_is_free(store: DynamoStore) -> None:
    key = new_id()
    assert store.claim(key, 60)
    store.release(key)
    assert store.claim(key, 60)


def test_answer_takes_the_place_of_the_claim(store: DynamoStore, later: Callable[[float], DynamoStore]) -> None:
    key = new_id()
    assert store.claim(key, 60)
    assert store.remembered(key) is None
    store.remember(key, {"status": 200, "body": LARGE}, 3600)
    assert store.remembered(key) == {"status": 200, "body": LARGE}
    assert not later(61).claim(key, 60)
    assert later(3601).remembered(key) is None
    store.release(key)
    assert store.remembered(key) is None


@pytest.mark.parametrize("length", [30, 150, 3000])
def test_key_of_any_length_is_a_key(store: DynamoStore, length: int) -> None:
    key = "😀/" * length
    assert store.claim(key + "1", 60)
    assert store.claim(key + "2", 60)
    assert not store.claim(key + "1", 60)
