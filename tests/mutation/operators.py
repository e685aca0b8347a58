"""Mutants of a module: its source with one small change in one place.

Left out is what no test should pin: annotations, decorators, docstrings, texts of errors, and
tolerances of rounding. A statement is removed only where its names stay defined, as a name that
is missing is found by any test.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

ROUNDING = 1e-4
"""Constants below it, but for zero, are tolerances."""

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
TURNED = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
CALLED = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil",
    "ceil": "floor", "any": "all", "all": "any", "argmin": "argmax", "argmax": "argmin",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    Attributes:
        function: qualified name of the outermost function around it; empty outside of all.
        line: number in the module.
        operator: kind of the change.
        before: what stood there.
        after: what stands there instead.
        span: first line and column, last line and column, counted in bytes from 0.
    """

    function: str
    line: int
    operator: str
    before: str
    after: str
    span: tuple[int, int, int, int]

    def applied_to(self, source: str) -> str:
        """The module's source, changed."""
        first, begin, last, end = self.span
        lines = source.splitlines(keepends=True)
        head = lines[first].encode()[:begin].decode()
        tail = lines[last].encode()[end:].decode()
        return "".join([*lines[:first], head, self.after, tail, *lines[last + 1 :]])


def mutants(source: str) -> list[Mutant]:
    """All mutants of a module, in the order of its lines."""
    found = []
    for function, node, removable in _places(ast.parse(source)):
        span = (node.lineno - 1, node.col_offset, node.end_lineno - 1, node.end_col_offset)
        for operator, changed in _changes(node, removable):
            before, after = ast.unparse(node), ast.unparse(changed)
            if isinstance(node, ast.expr):
                after = f"({after})"
            found.append(Mutant(function, node.lineno, operator, before, after, span))
    return sorted(found, key=lambda one: (one.span, one.operator, one.after))


def _places(tree: ast.Module) -> Iterator[tuple[str, ast.AST, bool]]:
    """(function, node, whether the statement can go) of all that can be changed."""

    def walk(node: ast.AST, names: tuple[str, ...], inside: bool) -> Iterator:
        outer = ".".join(names) if inside else ""
        if isinstance(node, ast.expr | ast.stmt):
            yield outer, node, _removable(node, inside)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = names if inside else (*names, node.name)
            inside = inside or isinstance(node, ast.FunctionDef)
        for child in _code(node):
            yield from walk(child, names, inside)

    yield from walk(tree, (), False)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """Children that are executed code, without what no test should pin."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_text(child):
                yield child


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _removable(node: ast.AST, inside: bool) -> bool:
    if not inside:
        return False
    if isinstance(node, ast.Assign):
        return all(isinstance(one, ast.Attribute | ast.Subscript) for one in _targets(node))
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    return called or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break)


def _targets(node: ast.Assign) -> Iterator[ast.expr]:
    for target in node.targets:
        yield from target.elts if isinstance(target, ast.Tuple) else [target]


def _changes(node: ast.AST, removable: bool) -> Iterator[tuple[str, ast.AST]]:
    """(kind, changed node) of all changes of this node itself."""
    if removable:
        yield "statement", ast.copy_location(ast.Pass(), node)
    for operator, change in CHANGES.get(type(node), ()):
        changed = deepcopy(node)
        result = change(changed)
        if result is not None:
            yield operator, result


def _compared(node: ast.Compare) -> ast.AST | None:
    return _with_operator(node, COMPARED)


def _turned(node: ast.Compare) -> ast.AST | None:
    return _with_operator(node, TURNED)


def _with_operator(node: ast.Compare, others: dict) -> ast.AST | None:
    if type(node.ops[0]) not in others:
        return None
    node.ops[0] = others[type(node.ops[0])]()
    return node


def _computed(node: ast.BinOp | ast.AugAssign) -> ast.AST | None:
    if type(node.op) not in COMPUTED:
        return None
    node.op = COMPUTED[type(node.op)]()
    return node


def _connected(node: ast.BoolOp) -> ast.AST:
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return node


def _called(node: ast.Call) -> ast.AST | None:
    name = node.func
    if isinstance(name, ast.Name) and name.id in CALLED:
        name.id = CALLED[name.id]
    elif isinstance(name, ast.Attribute) and name.attr in CALLED:
        name.attr = CALLED[name.attr]
    else:
        return None
    return node


def _counted(node: ast.Constant) -> ast.AST | None:
    """0 and 1 become one another, True and False too; others grow by one, fractions double."""
    value = node.value
    if isinstance(value, bool):
        node.value = not value
    elif not isinstance(value, int | float) or 0 < abs(value) < ROUNDING:
        return None
    elif value in (0, 1):
        node.value = 1 - value
    else:
        node.value = value + 1 if isinstance(value, int) else 2 * value
    return node


def _unsigned(node: ast.UnaryOp) -> ast.AST:
    return node.operand


def _swapped(node: ast.IfExp) -> ast.AST:
    node.body, node.orelse = node.orelse, node.body
    return node


def _shifted(node: ast.Subscript) -> ast.AST | None:
    """The place before, where the place is a letter as loops have them."""
    place = node.slice
    if not (isinstance(place, ast.Name) and len(place.id) == 1):
        return None
    node.slice = ast.BinOp(place, ast.Sub(), ast.Constant(1))
    return node


CHANGES = {
    ast.Compare: (("comparison", _compared), ("comparison", _turned)),
    ast.BinOp: (("arithmetic", _computed),),
    ast.AugAssign: (("arithmetic", _computed),),
    ast.BoolOp: (("and-or", _connected),),
    ast.Call: (("min-max", _called),),
    ast.Constant: (("constant", _counted),),
    ast.UnaryOp: (("sign", _unsigned),),
    ast.IfExp: (("branch", _swapped),),
    ast.Subscript: (("index", _shifted),),
}
