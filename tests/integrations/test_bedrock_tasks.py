import asyncio
import json
from typing import Any

from millrace.integrations import AwsEndpoint, Integrations
from millrace.model import Json
from tests.integrations.running import run
from tests.integrations.test_connections import serving


def test_a_models_answer_is_json() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        seen.extend([head, await reader.readexactly(size)])
        body = b'{"text":"hello"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body))
        writer.write(b"Connection: close\r\n\r\n" + body)

    async def go() -> Any:
        async with serving(answer) as url:
            tasks = Integrations(AwsEndpoint(url))
            arguments: Json = {"ModelId": "some.model", "Body": {"prompt": "hi"}}
            result = await run(tasks, "bedrock:invokeModel", arguments)
            await tasks.close()
            return result

    result = asyncio.run(go())
    assert result.output == {"Body": {"text": "hello"}, "ContentType": "application/json"}
    assert seen[0].startswith(b"POST /model/some.model/invoke ")
    assert json.loads(seen[1]) == {"prompt": "hi"}


def test_the_body_comes_from_s3(boto: Any, integrations: Any, name: str) -> None:
    async def go() -> Any:
        async with integrations() as tasks:
            arguments: Json = {"ModelId": "m", "Input": {"S3Uri": f"s3://{name}/no"}}
            return await run(tasks, "bedrock:invokeModel", arguments)

    assert asyncio.run(go()).error == "Bedrock.NoSuchBucketException"
