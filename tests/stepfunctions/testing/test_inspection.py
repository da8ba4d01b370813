"""What TestState shows of a state's data flow."""

from typing import Any

from millrace.engine import TaskRequest
from millrace.model.json import Json
from tests.stepfunctions.testing.calls import ACCOUNT, INVOKE, JSONATA, REGION, ROLE, call, failure, result

INNER: dict[str, Json] = {"StartAt": "Inside", "States": {"Inside": {"Type": "Pass", "End": True}}}
DISTRIBUTED: dict[str, Json] = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
MAP: dict[str, Json] = {"Type": "Map", "ItemProcessor": INNER, "End": True}
ITEM: dict[str, Json] = {"index.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value", "all.$": "$.n"}


def inspected(**parameters: Any) -> dict[str, Any]:
    return call(inspectionLevel="DEBUG", **parameters)["inspectionData"]


def reading(config: Json, *, items: int = 0) -> dict[str, Json]:
    """Make a Map that reads an object; `items` is its MaxItems."""
    reader: dict[str, Json] = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {**(config if isinstance(config, dict) else {}), **({"MaxItems": items} if items else {})},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    return {**MAP, "ItemProcessor": DISTRIBUTED, "ItemReader": reader, "ItemSelector": {"v.$": "$$.Map.Item.Value"}}


def test_least_level_shows_nothing_of_the_way() -> None:
    assert "inspectionData" not in call(definition={"Type": "Pass", "End": True}, inspectionLevel="INFO")


def test_stages_of_a_jsonpath_task_end_at_its_error() -> None:
    task: dict[str, Json] = {**INVOKE, "InputPath": "$.a", "Parameters": {"b.$": "$.b"}}
    assert inspected(definition=task, input={"a": {"b": 1}}, mock=failure("E")) == {
        "input": {"a": {"b": 1}},
        "afterInputPath": {"b": 1},
        "afterParameters": {"b": 1},
    }


def test_stages_of_a_jsonpath_parallel_state() -> None:
    state: dict[str, Json] = {
        "Type": "Parallel",
        "Branches": [INNER, {"StartAt": "Other", "States": {"Other": {"Type": "Succeed"}}}],
        "Parameters": {"b.$": "$.b"},
        "ResultSelector": {"first.$": "$[0]"},
        "ResultPath": "$.r",
        "Next": "B",
    }
    answer = call(definition=state, input={"b": 1}, mock=result([2, 3]), inspectionLevel="TRACE")
    assert answer["output"] == {"b": 1, "r": {"first": 2}}
    assert answer["inspectionData"] == {
        "input": {"b": 1},
        "afterInputPath": {"b": 1},
        "afterParameters": {"b": 1},
        "afterResultSelector": {"first": 2},
        "afterResultPath": {"b": 1, "r": {"first": 2}},
    }


def test_stages_of_a_jsonpath_map() -> None:
    state: dict[str, Json] = {**MAP, "ItemsPath": "$.items", "ItemSelector": ITEM, "ToleratedFailurePercentage": 50}
    given: Json = {"items": ["a", "b"], "n": 7}
    data = inspected(definition=state, input=given, mock=result([1, 2]))
    assert data == {
        "input": given,
        "afterInputPath": given,
        "afterItemsPath": ["a", "b"],
        "afterItemSelector": [{"index": 0, "value": "a", "all": 7}, {"index": 1, "value": "b", "all": 7}],
        "maxConcurrency": 0,
        "toleratedFailurePercentage": 50,
        "afterResultSelector": [1, 2],
        "afterResultPath": [1, 2],
    }


def test_items_are_told_beside_a_context_object_that_is_given() -> None:
    state: dict[str, Json] = {**MAP, "ItemSelector": {"v.$": "$$.Map.Item.Value", "name.$": "$$.Execution.Name"}}
    data = inspected(definition=state, input=["a"], mock=result([1]), context={"Execution": {"Name": "n"}})
    assert data["afterItemSelector"] == [{"v": "a", "name": "n"}]


def test_share_of_failed_iterations_beyond_the_tolerated_fails_the_map() -> None:
    state: dict[str, Json] = {**MAP, "ItemProcessor": DISTRIBUTED, "ToleratedFailurePercentage": 50}
    for failed, status in ((2, "SUCCEEDED"), (3, "FAILED")):
        answer = call(
            definition=state,
            input=[1, 2, 3, 4],
            mock=result([0, 0, 0, 0]),
            stateConfiguration={"mapIterationFailureCount": failed},
        )
        assert answer["status"] == status
    assert answer["error"] == "States.ExceedToleratedFailureThreshold"


def test_items_are_read_from_the_source_that_is_given() -> None:
    def items(config: Json, data: str, count: int = 0) -> Json:
        configuration: Json = {"mapItemReaderData": data}
        read = inspected(definition=reading(config, items=count), mock=result([]), stateConfiguration=configuration)
        return [item["v"] for item in read["afterItemSelector"]]

    assert items({"InputType": "JSON"}, "[1, {}]") == [1, {}]
    assert items({"InputType": "JSONL"}, '1\n"two"\n') == [1, "two"]
    assert items({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "a,b\n1,2\n") == [{"a": "1", "b": "2"}]
    assert items({"InputType": "JSON"}, "[1, 2, 3]", 2) == [1, 2]


def test_pointer_of_a_reader_is_followed() -> None:
    definition = reading({"InputType": "JSON", "ItemsPointer": "/data/rows"})
    data = inspected(
        definition=definition, mock=result([]), stateConfiguration={"mapItemReaderData": '{"data": {"rows": [4]}}'}
    )
    assert data["afterItemsPointer"] == [4]


def test_items_that_nobody_gave_are_not_shown() -> None:
    definition: dict[str, Json] = {**reading({"InputType": "JSON"}), "ToleratedFailureCount": 1}
    answer = call(
        definition=definition,
        mock=result([1, 2, 3]),
        stateConfiguration={"mapIterationFailureCount": 2},
        inspectionLevel="DEBUG",
    )
    assert answer["error"] == "States.ExceedToleratedFailureThreshold"
    assert "afterItemSelector" not in answer["inspectionData"]


def test_source_that_cannot_be_read_fails_the_map() -> None:
    definition = reading({"InputType": "JSON"})
    answer = call(definition=definition, mock=result([]), stateConfiguration={"mapItemReaderData": "{"})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.ItemReaderFailed")


def test_batches_are_shown() -> None:
    batcher: Json = {"MaxItemsPerBatch": 2, "BatchInput": {"k": 1}}
    definition: dict[str, Json] = {**MAP, "ItemProcessor": DISTRIBUTED, "ItemBatcher": batcher}
    data = inspected(definition=definition, input=[1, 2, 3], mock=result([0, 0]))
    assert data["afterItemBatcher"] == [
        {"BatchInput": {"k": 1}, "Items": [1, 2]},
        {"BatchInput": {"k": 1}, "Items": [3]},
    ]


def test_variables_are_those_given_and_those_assigned() -> None:
    state: dict[str, Json] = {"Type": "Pass", **JSONATA, "Assign": {"b": "{% $a + 1 %}"}, "End": True}
    assert inspected(definition=state, variables={"a": 1})["variables"] == {"a": 1, "b": 2}


def test_variables_that_a_catcher_assigns_are_shown() -> None:
    catch: list[Json] = [
        {"ErrorEquals": ["States.ALL"], "Assign": {"e": "{% $states.errorOutput.Error %}"}, "Next": "B"}
    ]
    data = inspected(definition={**INVOKE, **JSONATA, "Catch": catch}, mock=failure("E"))
    assert data["variables"] == {"e": "E"}


def test_usual_context_object_names_the_test() -> None:
    state: dict[str, Json] = {"Type": "Pass", **JSONATA, "Output": "{% $states.context %}", "End": True}
    context = call(definition=state, roleArn=ROLE, input=5)["output"]
    assert context["Execution"]["Id"].startswith(f"arn:aws:states:{REGION}:{ACCOUNT}:express:")
    assert context["Execution"]["Input"] == 5
    assert context["Execution"]["RoleArn"] == ROLE
    assert context["State"].keys() == {"Name", "EnteredTime"}


def test_task_that_waits_for_a_token_has_one() -> None:
    task: dict[str, Json] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"MessageBody.$": "$$.Task.Token", "QueueUrl": "q"},
        "End": True,
    }
    data = inspected(definition=task, mock=result(1))
    assert data["afterParameters"]["MessageBody"]
    data = inspected(definition=task, mock=result(1), context={"Task": {"Token": "mine"}})
    assert data["afterParameters"]["MessageBody"] == "mine"


def test_number_of_retries_is_in_the_context_object() -> None:
    task: dict[str, Json] = {**INVOKE, **JSONATA, "Output": "{% $states.context.State.RetryCount %}"}
    answer = call(definition=task, mock=result({}), stateConfiguration={"retrierRetryCount": 2})
    assert answer["output"] == 2


def test_http_exchange_is_shown_at_the_highest_level_only() -> None:
    async def fetch(task: TaskRequest) -> Json:
        assert task.trace is not None
        task.trace("request", {"protocol": "https", "method": "GET"})
        task.trace("response", {"statusCode": "200"})
        return {"StatusCode": 200}

    task: dict[str, Json] = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True}
    traced = call(fetch, definition=task, roleArn=ROLE, inspectionLevel="TRACE")["inspectionData"]
    assert traced["request"] == {"protocol": "https", "method": "GET"}
    assert traced["response"] == {"statusCode": "200"}
    told = call(fetch, definition=task, roleArn=ROLE, inspectionLevel="DEBUG")["inspectionData"]
    assert not {"request", "response"} & told.keys()
