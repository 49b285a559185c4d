"""Writes `docs/errors.md`: every sentence of an error that a user can meet, read from the code.

In go the modules of stindex, out comes the page: by room and file, the message of each
`UserError` and `UsageError` and of each `ValueError` of a check, with the names of what is put
in. `python -m tools.list_errors` writes it; a test holds it to the code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "stindex"
PAGE = ROOT / "docs" / "errors.md"
# A ValueError of a check becomes a part of the sentence that names the file and the field.
RAISED = {"UserError", "UsageError", "ClickException", "BadParameter", "ValueError", "Problem"}
HEAD = """# Error messages

Every sentence with which stindex refuses something, by the file that says it. What stands in
`{braces}` is put in when it is said. A sentence names the file, line, field or option first, then
what is wrong, then what to do; if one left you without the third, that is a bug of ours. A line
without a capital or a name in front is the end of a sentence that begins with the place.

This page is made from the code by `python -m tools.list_errors`; change the message there.
"""


def messages(tree: ast.Module) -> Iterator[str]:
    """Yield the messages of a module in the order of its lines."""
    written = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        if _name(call.func) in RAISED and call.args:
            yield from _said(call.args, written)


def _said(arguments: list[ast.expr], written: dict[str, ast.FunctionDef]) -> Iterator[str]:
    """Yield what an error says: its sentence, or those of the function that words it."""
    match arguments:
        case [_, *_, message, ast.Constant(value=str(remedy))]:
            wrong = _sentence(message) or f"{{{ast.unparse(message)}}}"
            yield f"{wrong}; {remedy}"
        case [*_, ast.Call(func=function)] if _name(function) in written:
            for node in ast.walk(written[_name(function)]):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield from _said([node.value], written)
        case [*_, message] if (text := _sentence(message)) is not None:
            yield text


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _sentence(message: ast.expr) -> str | None:
    """Return a message with the names of what is put in; None where it is made elsewhere."""
    match message:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_part(part) for part in parts)
        case ast.IfExp(body=one, orelse=other):
            return f"{_sentence(one)} / {_sentence(other)}"
        case ast.BinOp(left=left, right=right):
            first, last = _sentence(left), _sentence(right)
            return None if first is None or last is None else first + last
    return None


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        return "{" + ast.unparse(part.value) + "}"
    return str(part.value) if isinstance(part, ast.Constant) else ""


def page() -> str:
    """Return the text of the page."""
    lines = [HEAD]
    for path in sorted(PACKAGE.rglob("*.py")):
        found = list(dict.fromkeys(messages(ast.parse(path.read_text(encoding="utf-8")))))
        if found:
            name = path.relative_to(ROOT)
            lines += [f"## {name}\n", *(f"- {text}" for text in found), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
