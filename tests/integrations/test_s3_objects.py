"""Map Runs read and write S3's objects a part at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from millrace.engine.item_source import ObjectStoreError
from millrace.integrations.s3_objects import S3Objects

Act = Callable[[S3Objects], Any]
Use = Callable[[Act], Any]


@pytest.fixture
def use(integrations: Callable[..., Any], boto: Callable[[str], Any], name: str) -> Use:
    """Run something with the objects of a new bucket, read five bytes at a time."""
    boto("s3").create_bucket(Bucket=name)

    def run(act: Act) -> Any:
        async def within() -> Any:
            async with integrations() as made:
                return await act(S3Objects(made.clients, 5, 2))

        return asyncio.run(within())

    return run


async def parts(source: AsyncIterator[Any]) -> list[Any]:
    return [part async for part in source]


def test_an_object_is_read_in_ranges(use: Use, boto: Any, name: str) -> None:
    boto("s3").put_object(Bucket=name, Key="k", Body=b"hello, world")
    assert use(lambda objects: parts(objects.fetch(name, "k"))) == [b"hello", b", wor", b"ld"]


def test_an_empty_object_has_no_bytes(use: Use, boto: Any, name: str) -> None:
    boto("s3").put_object(Bucket=name, Key="k", Body=b"")
    assert b"".join(use(lambda objects: parts(objects.fetch(name, "k")))) == b""


def test_objects_are_listed_page_by_page(use: Use, boto: Any, name: str) -> None:
    for number in range(5):
        boto("s3").put_object(Bucket=name, Key=f"in/{number:02}", Body=b"x")
    listed = use(lambda objects: parts(objects.objects(name, "in/")))
    assert [found.key for found in listed] == [f"in/{number:02}" for number in range(5)]
    assert listed[0].item()["Etag"].startswith('"')


def test_an_object_is_written(use: Use, boto: Any, name: str) -> None:
    use(lambda objects: objects.put(name, "out", b"body"))
    assert boto("s3").get_object(Bucket=name, Key="out")["Body"].read() == b"body"


def test_what_s3_refuses_is_told_in_its_words(use: Use, name: str) -> None:
    with pytest.raises(ObjectStoreError, match="The specified key does not exist") as caught:
        use(lambda objects: parts(objects.fetch(name, "gone")))
    assert (caught.value.code, caught.value.status) == ("NoSuchKey", 404)
