"""`millrace nodes`."""

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import groupby
from typing import Any, cast

import click
from click.shell_completion import CompletionItem

from millrace.cli.output import print_fault, print_json


class _TypeName(click.ParamType[str]):
    """The name of a node type; the shell completes it."""

    name = "type"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the types that begin so, each with its summary."""
        del ctx, param
        from millrace.catalogue import node_types

        return [
            CompletionItem(name, help=kind.summary)
            for name, kind in node_types().items()
            if name.startswith(incomplete)
        ]


@click.command("nodes")
@click.argument("type_name", metavar="[TYPE]", type=_TypeName(), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the JSON Schema of each config.")
def command(type_name: str | None, as_json: bool) -> None:
    """List the node types by category, or describe the one called TYPE."""
    from millrace.catalogue import node_types
    from millrace.catalogue.reference import describe

    kinds = node_types()
    if type_name is None:
        if as_json:
            print_json([describe(kind) for kind in kinds.values()])
        else:
            for category, members in groupby(kinds.values(), lambda kind: kind.category):
                click.secho(category.value, bold=True)
                for kind in members:
                    click.echo(f"  {click.style(f'{kind.name:<14}', fg='cyan')}{kind.summary}")
        return
    if type_name not in kinds:
        near = get_close_matches(type_name, kinds, 1)
        hint = f"did you mean {near[0]!r}?" if near else "`millrace nodes` lists them."
        print_fault(f"there is no node type {type_name!r}; {hint}")
        sys.exit(1)
    description = describe(kinds[type_name])
    if as_json:
        print_json(description)
    else:
        _print_description(description)


def _print_description(description: Mapping[str, Any]) -> None:
    click.echo(f"{click.style(description['name'], bold=True)} ({description['type']}), {description['category']}")
    click.echo(description["description"])
    ports = ", ".join(port["name"] for port in description["outputs"]) or "none"
    cases = ", and one for each case" if description["dynamic_outputs"] else ""
    click.echo(f"\nPorts: {ports}{cases}\n")
    schema = cast("Mapping[str, Any]", description["config_schema"])
    required = schema.get("required", ())
    from millrace.catalogue import NodeConfig

    fields = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {}))
    own = {name: field for name, field in fields.items() if name not in NodeConfig.model_fields}
    for name, field in own.items():
        mark = " (required)" if name in required else ""
        click.echo(f"  {click.style(name, fg='cyan')}{mark}: {field.get('description', '')}")
    if description["examples"]:
        click.echo("\nExample:")
        print_json(description["examples"][0])
