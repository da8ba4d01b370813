"""The names in Assign.

Source: AWS Step Functions Developer Guide, "Passing data between states with variables".
"""

from millrace.engine.fields import NAME_LIMIT, Fields

RESERVED = "states"


def assigned_names(fields: Fields, mark: str = "") -> list[tuple[str, str]]:
    """Read the keys of Assign and the variables that they name; none when it is absent or no object.

    Args:
        fields: What may have it.
        mark: What a key may end in to say that its value is computed; it is no part of the name.
    """
    if "Assign" not in fields.values:
        return []
    variables = fields.object("Assign", "an object of variables", fields.location)
    if variables is None:
        return []
    names = [(key, key.removesuffix(mark)) for key in variables.values]
    for key, name in names:
        if not is_variable_name(name):
            variables.fault(
                key,
                "expected a variable's name: letters, digits and _, no digit first, "
                f"at most {NAME_LIMIT}, and not the reserved name {RESERVED!r}; found {name!r}",
            )
    return names


def is_variable_name(name: str) -> bool:
    """Tell whether a variable may have the name."""
    return name.isidentifier() and len(name) <= NAME_LIMIT and name != RESERVED
