"""What is wrong with a text that is no JSONata, in AWS's words.

The library that evaluates expressions names tokens in its own way; jsonata-python has the sentences of the reference
implementation, which AWS shows without their code. It is slow, and asked only for texts that are refused.
"""

import re
from typing import Final

LONGEST_ASKED: Final = 2_000

_CODE: Final = re.compile(r"\A[A-Z]\d{4}: ")
# AWS puts the symbols of these in quotation marks.
_QUOTED: Final = {
    "S0201": 'Syntax error: "{0}"',
    "S0202": 'Expected "{0}", got "{1}"',
    "S0203": 'Expected "{0}" before end of expression',
    "S0211": 'The symbol "{0}" cannot be used as a unary operator',
}


def explain(text: str, refusal: str) -> str:
    """Say what is wrong.

    Args:
        text: The text.
        refusal: What the evaluating library says.
    """
    if len(text) <= LONGEST_ASKED:
        from jsonata.jexception import JException
        from jsonata.parser import Parser

        try:
            Parser().parse(text)
        except JException as error:
            sentence = _QUOTED.get(error.error)
            return str(error) if sentence is None else sentence.format(error.current, error.expected)
        except Exception:  # noqa: BLE001 - the parser fails in many ways on texts that are no JSONata
            return _CODE.sub("", refusal)
    return _CODE.sub("", refusal)
