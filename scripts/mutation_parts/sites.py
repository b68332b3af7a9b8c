"""Where a contract can be wrong: one small change of its source each, found in the compiler's AST.

The AST says where an expression begins and ends and of what type it is, so comments, imports and
assembly are never touched, and hardly a mutant fails to compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

Node = dict[str, Any]

COMPARISONS: Final = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
}
ARITHMETIC: Final = {
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "%": ("/",),
    "<<": (">>",),
    ">>": ("<<",),
    "&": ("|",),
    "|": ("&",),
}
BOOLEAN: Final = {"&&": ("||",), "||": ("&&",)}
ASSIGNMENTS: Final = {"+=": ("-=", "="), "-=": ("+=",), "|=": ("=",), "/=": ("*=",)}
SYMMETRIC: Final = frozenset({"max", "min"})


@dataclass(frozen=True)
class Span:
    """A place in a source, and what stands there in the mutant."""

    source: str
    start: int
    end: int
    text: str
    statement: bool = False
    """The place is a whole statement with its semicolon."""


@dataclass(frozen=True)
class Mutant:
    """One change; several places only where a constant is read several times."""

    operator: str
    what: str
    source: str
    line: int
    column: int
    spans: tuple[Span, ...]

    @property
    def name(self) -> str:
        """The same as long as what stands above it in the file is."""
        file = self.source.rsplit("/", maxsplit=1)[-1]
        return f"{file}:{self.line}:{self.column}:{self.operator}:{self.what}"


@dataclass
class _Around:
    """What a node stands in."""

    parent: Node = field(default_factory=dict)
    loop_step: bool = False
    constant: bool = False


class Finder:
    """All mutants of some sources."""

    def __init__(self, sources: dict[str, str], trees: dict[str, Node], wanted: set[str]) -> None:
        self.octets = {name: text.encode() for name, text in sources.items()}
        self.trees, self.wanted = trees, wanted
        self.constants: dict[int, Node] = {}
        self.reads: dict[int, list[tuple[str, Node]]] = {}
        self.name = ""

    def mutants(self) -> list[Mutant]:
        """In the order of the sources."""
        found: list[Mutant] = []
        for name, tree in sorted(self.trees.items()):
            self.name = name
            each = list(self._walk(tree, _Around()))
            found += each if name in self.wanted else []
        found += self._constants()
        return sorted(found, key=lambda mutant: (mutant.source, mutant.spans[0].start))

    # ---- one node

    def _walk(self, node: Node, around: _Around) -> Iterator[Mutant]:
        kind = node["nodeType"]
        if kind in {"InlineAssembly", "ImportDirective", "StructDefinition", "EnumDefinition"}:
            return
        if kind == "VariableDeclaration" and node.get("constant"):
            self.constants[node["id"]] = {**node, "file": self.name}
            around = _Around(node, constant=True)
        if not around.constant:
            handle = getattr(self, f"_of_{kind}", None)
            if handle is not None:
                yield from handle(node, around)
        for key, value in node.items():
            step = key == "loopExpression"
            inner = _Around(node, loop_step=step, constant=around.constant)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, dict) and "nodeType" in child:
                    yield from self._walk(child, inner)

    def _of_BinaryOperation(self, node: Node, _: _Around) -> Iterator[Mutant]:  # noqa: N802
        sign, left, right = node["operator"], node["leftExpression"], node["rightExpression"]
        if _type(node).startswith(("int_const", "rational_const")):
            return
        one, other = self._text(left), self._text(right)
        for name, table in (
            ("comparison", COMPARISONS),
            ("arithmetic", ARITHMETIC),
            ("boolean", BOOLEAN),
        ):
            for instead in table.get(sign, ()):
                text = f"({one}) {instead} ({other})"
                yield self._mutant(name, f"{sign} -> {instead}", node, text)
        if sign == "/":
            text = f"(({one}) + ({other}) - 1) / ({other})"
            yield self._mutant("rounding", "floor -> ceiling", node, text)

    def _of_UnaryOperation(self, node: Node, _: _Around) -> Iterator[Mutant]:  # noqa: N802
        if node["operator"] == "!":
            yield self._mutant("boolean", "! gone", node, self._text(node["subExpression"]))

    def _of_Conditional(self, node: Node, _: _Around) -> Iterator[Mutant]:  # noqa: N802
        parts = (node[key] for key in ("condition", "falseExpression", "trueExpression"))
        first, second, third = map(self._text, parts)
        text = f"({first}) ? ({second}) : ({third})"
        yield self._mutant("condition", "branches swapped", node, text)

    def _of_IfStatement(self, node: Node, _: _Around) -> Iterator[Mutant]:  # noqa: N802
        condition, body = node["condition"], node["trueBody"]
        inside = body["statements"] if body["nodeType"] == "Block" else [body]
        guard = len(inside) == 1 and inside[0]["nodeType"] == "RevertStatement"
        if guard and not node.get("falseBody"):
            yield self._mutant("guard", "revert gone", condition, "false")
            return
        for instead in ("true", "false"):
            yield self._mutant("condition", f"always {instead}", condition, instead)

    def _of_FunctionCall(self, node: Node, around: _Around) -> Iterator[Mutant]:  # noqa: N802
        arguments, called = node["arguments"], node["expression"]
        name = called.get("memberName", called.get("name", ""))
        if name == "ceilDiv":
            one, other = map(self._text, arguments)
            yield self._mutant("rounding", "ceiling -> floor", node, f"({one}) / ({other})")
        parent = around.parent["nodeType"]
        if node["kind"] == "typeConversion" or name in SYMMETRIC or parent == "RevertStatement":
            return
        begin, end = _place(node)
        for first, second in pairwise(arguments):
            same = _type(first) == _type(second) and not _type(first).startswith("int_const")
            if not same or self._text(first) == self._text(second):
                continue
            front, back = _place(first), _place(second)
            octets = self.octets[self.name]
            between = front[1], back[0]
            pieces = (begin, front[0]), back, between, front, (back[1], end)
            content = b"".join(octets[slice(*piece)] for piece in pieces).decode()
            what = _short(f"{name}: {self._text(first)} and {self._text(second)} swapped")
            if parent == "ExpressionStatement":
                stop = octets.index(b";", end) + 1
                yield self._statement("swap", what, begin, stop, content + ";")
            else:
                yield self._mutant("swap", what, node, content)

    def _of_ExpressionStatement(self, node: Node, around: _Around) -> Iterator[Mutant]:  # noqa: N802
        if around.loop_step:
            return
        start, end = _place(node)
        end = self.octets[self.name].index(b";", end) + 1
        expression = node["expression"]
        what = _short(self._text(node))
        yield self._statement("statement", f"gone: {what}", start, end, "{}")
        if expression["nodeType"] == "Assignment":
            one, other = (self._text(expression[f"{s}HandSide"]) for s in ("left", "right"))
            sign = expression["operator"]
            for instead in ASSIGNMENTS.get(sign, ()):
                text = f"{one} {instead} {other};"
                yield self._statement("arithmetic", f"{sign} -> {instead}", start, end, text)

    def _of_EmitStatement(self, node: Node, _: _Around) -> Iterator[Mutant]:  # noqa: N802
        start, end = _place(node)
        end = self.octets[self.name].index(b";", end - 1) + 1
        yield self._statement("statement", f"gone: {_short(self._text(node))}", start, end, "{}")

    def _of_Continue(self, node: Node, _: _Around) -> Iterator[Mutant]:  # noqa: N802
        start, end = _place(node)
        end = self.octets[self.name].index(b";", end - 1) + 1
        yield self._statement("statement", "gone: continue", start, end, "{}")

    def _of_Literal(self, node: Node, around: _Around) -> Iterator[Mutant]:  # noqa: N802
        text, parent = self._text(node), around.parent
        if node["kind"] == "bool":
            other = "false" if text == "true" else "true"
            yield self._mutant("constant", f"{text} -> {other}", node, other)
        if node["kind"] != "number" or parent["nodeType"] == "ArrayTypeName":
            return
        if parent.get("kind") == "typeConversion" and not _type(parent).startswith("uint"):
            return
        value = int(text.replace("_", ""), 0)
        kind = ""
        if parent["nodeType"] == "BinaryOperation":
            kind = parent["commonType"]["typeString"]
            if kind.startswith(("int_const", "rational_const")):
                return
            shifted = parent["operator"] in {"<<", ">>"}
            kind = "uint256" if shifted else kind
        for instead in (value + 1, value - 1):
            if instead >= 0:
                # Both branches of the switch have to have the type that the literal had there.
                changed = f"uint256({instead})" if kind.startswith("bytes") else f"{instead}"
                changed = f"{kind}({changed})" if kind else changed
                yield self._mutant("constant", f"{text} -> {instead}", node, changed)

    def _of_Identifier(self, node: Node, _: _Around) -> Iterator[Mutant]:  # noqa: N802
        self._read(node)
        return iter(())

    def _of_MemberAccess(self, node: Node, _: _Around) -> Iterator[Mutant]:  # noqa: N802
        self._read(node)
        return iter(())

    def _read(self, node: Node) -> None:
        to = node.get("referencedDeclaration")
        if to is not None:
            self.reads.setdefault(to, []).append((self.name, node))

    def _constants(self) -> Iterator[Mutant]:
        for number, node in self.constants.items():
            reads = self.reads.get(number, [])
            if node["file"] not in self.wanted or not reads or "int" not in _type(node):
                continue
            self.name = node["file"]
            where = self._where(_place(node)[0])
            for instead in ("+", "-"):
                spans = []
                for name, read in reads:
                    text = self.octets[name][slice(*_place(read))].decode()
                    spans.append(Span(name, *_place(read), f"{text} {instead} 1"))
                what = f"{node['name']} {instead} 1"
                yield Mutant("constant", what, self.name, *where, tuple(spans))

    # ---- small things

    def _text(self, node: Node) -> str:
        return self.octets[self.name][slice(*_place(node))].decode()

    def _where(self, at: int) -> tuple[int, int]:
        above = self.octets[self.name][:at]
        return above.count(b"\n") + 1, at - above.rfind(b"\n")

    def _mutant(self, operator: str, what: str, node: Node, text: str) -> Mutant:
        span = Span(self.name, *_place(node), text)
        return Mutant(operator, what, self.name, *self._where(span.start), (span,))

    def _statement(self, operator: str, what: str, start: int, end: int, text: str) -> Mutant:
        span = Span(self.name, start, end, text, statement=True)
        return Mutant(operator, what, self.name, *self._where(start), (span,))


def _place(node: Node) -> tuple[int, int]:
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length


def _type(node: Node) -> str:
    return str(node.get("typeDescriptions", {}).get("typeString", ""))


def _short(text: str) -> str:
    one = re.sub(r"\s+", " ", text)
    return one if len(one) <= 70 else one[:67] + "..."
