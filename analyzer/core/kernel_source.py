"""Kernels, which are plain Python functions, to the source that Cython compiles.

A kernel computes with integers of 64 bits and flat arrays (`kernel_types`), and calls other kernels. All of
them go into one module of C functions, with their constants in place, so that a call between two files costs
nothing. The syntax tree is translated: an array becomes a structure of address and length, and `a[i]` a call
that checks `i`. An index out of range reads 0 or writes nothing, and the kernel's caller gets an IndexError
when it returns: inside, no error is looked for, and the lock of the interpreter is not held.

This module imports the standard library alone, since the build runs it before anything is installed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]

# What Python calls, by file.
ENTRIES = {
    "capture/record_walk.py": ("walk_pcap", "walk_snoop", "walk_pcapng"),
    "packets/kernel.py": ("decode_batch",),
    "packets/checksums.py": ("judge_rows",),
    "packets/batch_summary.py": ("outline_batch",),
    "packets/wifi/kernel.py": ("sealed_frames", "count_blocks", "lift", "line_up", "address_packets"),
    "flows/kernel.py": ("assign_flows", "refill_slots"),
}
# Loops that compare lengths before they begin, so that each index needs no check and they become vector code.
UNCHECKED = ("lift", "byte_sum")

ELEMENTS = {
    "Bytes": "const unsigned char", "Marks": "unsigned char",
    "Numbers": "long long", "Words": "unsigned long long",
}  # fmt: skip
NUMBER = "long long"

HEAD = """# cython: language_level=3, cdivision=False, initializedcheck=False, binding=False
cdef long long overruns = 0
"""
VIEW = """
cdef struct {name}:
    {element}* at
    long long size

cdef inline long long get_{name}({name} view, long long i) noexcept nogil:
    global overruns
    if <unsigned long long>i >= <unsigned long long>view.size:
        overruns += 1
        return 0
    return <long long>view.at[i]

cdef inline long long raw_{name}({name} view, long long i) noexcept nogil:
    return <long long>view.at[i]

cdef inline {name} part_{name}({name} view, long long start, long long end) noexcept nogil:
    cdef {name} part
    start = 0 if start < 0 else view.size if start > view.size else start
    end = start if end < start else view.size if end > view.size else end
    part.at, part.size = view.at + start, end - start
    return part
"""
WRITTEN = """
cdef inline void put_{name}({name} view, long long i, long long value) noexcept nogil:
    global overruns
    if <unsigned long long>i >= <unsigned long long>view.size:
        overruns += 1
        return
    view.at[i] = <{element}>value
"""


class KernelFile:
    """A file's constants and functions, and under which names it knows those of other files."""

    def __init__(self, path: Path, files: dict[Path, KernelFile]) -> None:
        files[path] = self
        self.prefix = "_".join(path.relative_to(PACKAGE).with_suffix("").parts)
        self.functions: dict[str, ast.FunctionDef] = {}
        self.known: dict[str, tuple[KernelFile, str]] = {}
        self.values: dict[str, Any] = {}
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
                self.known[node.name] = (self, node.name)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analyzer."):
                self._take(node, files)
            elif isinstance(node, ast.Assign):
                self._evaluate(node)

    def _take(self, node: ast.ImportFrom, files: dict[Path, KernelFile]) -> None:
        """Constants, functions and whole files of constants that are imported."""
        for alias in node.names:
            name = alias.asname or alias.name
            whole = _file(f"{node.module}.{alias.name}")
            source = _file(node.module or "")
            if whole is not None:
                other = files.get(whole) or KernelFile(whole, files)
                self.values |= {f"{name}.{key}": value for key, value in other.values.items()}
            elif source is not None:
                other = files.get(source) or KernelFile(source, files)
                if alias.name in other.values:
                    self.values[name] = other.values[alias.name]
                elif alias.name in other.functions:
                    self.known[name] = (other, alias.name)

    def _evaluate(self, node: ast.Assign) -> None:
        """Note what an assignment gives a name, where it is numbers alone."""
        scope: dict[str, Any] = dict(self.values)
        try:
            exec(compile(ast.Module([node], []), "", "exec"), {"__builtins__": {"range": range}}, scope)
        except Exception:  # an array type, a function: nothing that a kernel computes with
            return
        self.values = {key: value for key, value in scope.items() if _is_constant(value)}


def _is_constant(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, tuple) and all(isinstance(v, int) for v in value))


def _file(module: str) -> Path | None:
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return path if path.is_file() else None


class Translation(ast.NodeTransformer):
    """One function, with constants in place, calls by their whole names, and arrays behind functions."""

    def __init__(self, file: KernelFile, function: ast.FunctionDef) -> None:
        self.file, self.function = file, function
        self.types = {arg.arg: _type_of(arg.annotation) for arg in function.args.args}
        self.calls: list[tuple[KernelFile, str]] = []
        self.tables: dict[str, tuple[int, ...]] = {}
        self.get = "raw" if function.name in UNCHECKED else "get"
        self.locals = self._locals()

    def _locals(self) -> dict[str, str]:
        """The type of each name that the function assigns."""
        found: dict[str, str] = {}
        for node in ast.walk(self.function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    found |= dict(self._assigned(target, node.value))
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                found[node.target.id] = NUMBER
        return {name: kind for name, kind in found.items() if name not in self.types}

    def _assigned(self, target: ast.expr, value: ast.expr) -> Iterator[tuple[str, str]]:
        if isinstance(target, ast.Tuple):
            values = value.elts if isinstance(value, ast.Tuple) else [ast.Constant(0)] * len(target.elts)
            for one, given in zip(target.elts, values, strict=True):
                yield from self._assigned(one, given)
        elif isinstance(target, ast.Name):
            yield target.id, self._value_type(value)

    def _value_type(self, value: ast.expr) -> str:
        if isinstance(value, ast.IfExp):
            return self._value_type(value.body)
        if isinstance(value, ast.Tuple):
            return f"({', '.join([NUMBER] * len(value.elts))})"
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
            return self.types[ast.unparse(value.value)]
        return NUMBER

    def _view(self, node: ast.expr) -> str | None:
        """The name of the array type of an expression, if it has one."""
        kind = (self.types | self.locals).get(node.id, "") if isinstance(node, ast.Name) else ""
        return kind if kind in ELEMENTS else None

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Store) or node.id in self.types or node.id in self.locals:
            return node
        if node.id in self.file.values:
            return _literal(self.file.values[node.id])
        if node.id in self.file.known:
            other, name = self.file.known[node.id]
            self.calls.append((other, name))
            return ast.Name(f"{other.prefix}_{name}", ast.Load())
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _literal(node.value) if isinstance(node.value, int) else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Both sides of a choice between tuples need the same types: literals have shorter ones."""
        body, otherwise = (self.visit(side) for side in (node.body, node.orelse))
        for side in (body, otherwise):
            if isinstance(side, ast.Tuple):
                side.elts = [_call("wide", one) for one in side.elts]
        return ast.IfExp(self.visit(node.test), body, otherwise)

    def visit_For(self, node: ast.For) -> ast.stmt:
        """A loop over a tuple becomes one over numbers, which choose its elements."""
        if not isinstance(node.iter, ast.Tuple):
            return self.generic_visit(node)  # type: ignore[return-value]
        turn = f"turn_{node.lineno}"
        self.locals[turn] = NUMBER
        *values, chosen = [self.visit(one) for one in node.iter.elts]
        for i, value in reversed(list(enumerate(values))):
            is_it = ast.Compare(ast.Name(turn, ast.Load()), [ast.Eq()], [ast.Constant(i)])
            chosen = ast.IfExp(is_it, value, chosen)
        body = [part for one in node.body for part in _as_list(self.visit(one))]
        count = _call("range", ast.Constant(len(values) + 1))
        return ast.For(ast.Name(turn, ast.Store()), count, [ast.Assign([node.target], chosen), *body], [])

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return _literal(self.file.values[ast.unparse(node)])

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        view = self._view(node.value)
        if view is None and ast.unparse(node.value) in self.types:  # a pair of numbers
            return node
        if view is None:
            return self._from_table(node)
        if isinstance(node.slice, ast.Slice):
            bounds = [self.visit(bound) for bound in (node.slice.lower, node.slice.upper) if bound]
            return _call(f"part_{view}", node.value, *bounds)
        return _call(f"{self.get}_{view}", node.value, self.visit(node.slice))

    def _from_table(self, node: ast.Subscript) -> ast.expr:
        """A number of a tuple that is a constant: a function of the index."""
        name = ast.unparse(node.value)
        table = f"{self.file.prefix}_{name}"
        self.tables[table] = self.file.values[name]
        return _call(table, self.visit(node.slice))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = ast.unparse(node.func)
        if name == "len":
            return ast.Attribute(node.args[0], "size", ast.Load())
        if name == "bool":
            return ast.Compare(self.visit(node.args[0]), [ast.NotEq()], [ast.Constant(0)])
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt] | ast.stmt:
        target, value = node.targets[0], self.visit(node.value)
        if isinstance(target, ast.Subscript):
            return self._put(target, value)
        if isinstance(target, ast.Tuple) and any(isinstance(one, ast.Subscript) for one in target.elts):
            kept = [f"kept_{i}" for i in range(len(target.elts))]
            self.locals |= dict.fromkeys(kept, NUMBER)
            whole = ast.Assign([ast.Tuple([ast.Name(k, ast.Store()) for k in kept], ast.Store())], value)
            puts = zip(target.elts, kept, strict=True)
            return [whole, *(self._put(one, ast.Name(k, ast.Load())) for one, k in puts)]
        return ast.Assign([target], value)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        value = self.visit(node.value)
        if not isinstance(node.target, ast.Subscript):
            return ast.AugAssign(node.target, node.op, value)
        before = self.visit(ast.Subscript(node.target.value, node.target.slice, ast.Load()))
        return self._put(node.target, ast.BinOp(before, node.op, value))

    def _put(self, target: ast.expr, value: ast.expr) -> ast.stmt:
        if not isinstance(target, ast.Subscript):
            return ast.Assign([target], value)
        view, index = self._view(target.value), self.visit(target.slice)
        if self.get == "raw":
            place = ast.Subscript(ast.Attribute(target.value, "at", ast.Load()), index, ast.Store())
            return ast.Assign([place], value)
        return ast.Expr(_call(f"put_{view}", target.value, index, value))

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        if isinstance(node.value, ast.Constant):  # the docstring
            return ast.Pass()
        return ast.Expr(self.visit(node.value))

    def source(self) -> tuple[str, str]:
        """The C function's declaration, and its whole text."""
        arguments = ", ".join(f"{kind} {name}" for name, kind in self.types.items())
        result = _type_of(self.function.returns)
        name = f"{self.file.prefix}_{self.function.name}"
        head = f"cdef {result} {name}({arguments}) noexcept nogil"
        body = [part for node in self.function.body for part in _as_list(self.visit(node))]
        text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
        declared = [f"cdef {kind} {local}" for local, kind in self.locals.items()]
        return head, "\n".join([f"{head}:", *(f"    {line}" for line in [*declared, *text.split("\n")])])


def _as_list(made: ast.stmt | list[ast.stmt]) -> list[ast.stmt]:
    return made if isinstance(made, list) else [made]


def _literal(value: Any) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([_literal(v) for v in value], ast.Load())
    number: ast.expr = ast.Constant(int(abs(value)))
    if abs(value) > 0x7FFFFFFF:  # a literal of C may have 32 bits
        number = ast.Call(ast.Name("wide", ast.Load()), [number], [])
    return ast.UnaryOp(ast.USub(), number) if value < 0 else number


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _type_of(annotation: ast.expr | None) -> str:
    text = ast.unparse(annotation) if annotation else "None"
    if text.startswith("tuple["):
        return f"({', '.join([NUMBER] * (text.count(',') + 1))})"
    if text in ELEMENTS:
        return text
    return {"int": NUMBER, "bool": NUMBER, "None": "void"}[text]


def _entry(file: KernelFile, name: str) -> str:
    """The function that Python calls: arrays to structures, and what was out of range to an error."""
    function = file.functions[name]
    types = {arg.arg: _type_of(arg.annotation) for arg in function.args.args}
    result = _type_of(function.returns)
    views = {argument: kind for argument, kind in types.items() if kind in ELEMENTS}
    given = [
        f"{ELEMENTS[kind]}[::1] {one}" if one in views else f"{kind} {one}" for one, kind in types.items()
    ]
    lines = [f"def {name}({', '.join(given)}):"]
    lines += [f"    cdef {kind} view_{one}" for one, kind in views.items()]
    lines += [] if result == "void" else [f"    cdef {result} result"]
    lines += [f"    view_{one}.size = {one}.shape[0]" for one in views]
    lines += [f"    view_{one}.at = &{one}[0] if {one}.shape[0] else NULL" for one in views]
    passed = ", ".join(f"view_{one}" if one in views else one for one in types)
    call = f"{file.prefix}_{name}({passed})"
    lines += ["    with nogil:", f"        {call}" if result == "void" else f"        result = {call}"]
    lines += [f"    raise_overruns({name!r})"] + ([] if result == "void" else ["    return result"])
    return "\n".join(lines)


CHECKED = """
cdef inline long long wide(long long number) noexcept nogil:
    return number

cdef raise_overruns(name):
    global overruns
    if overruns:
        overruns = 0
        raise IndexError(f"{name} read or wrote outside of its arrays")
"""


def cython_source() -> str:
    """The text of the module that Cython compiles: every entry, and every kernel that it needs."""
    files: dict[Path, KernelFile] = {}
    declarations: dict[str, None] = {}
    bodies: dict[tuple[str, str], str] = {}
    tables: dict[str, tuple[int, ...]] = {}
    entries = []
    for path, names in ENTRIES.items():
        file = files.get(PACKAGE / path) or KernelFile(PACKAGE / path, files)
        waiting = [(file, name) for name in names]
        entries += [_entry(file, name) for name in names]
        while waiting:
            owner, name = waiting.pop()
            if (owner.prefix, name) in bodies:
                continue
            translation = Translation(owner, owner.functions[name])
            head, text = translation.source()
            declarations[head] = None
            bodies[owner.prefix, name] = text
            tables |= translation.tables
            waiting += translation.calls
    parts = [HEAD]
    parts += [VIEW.format(name=name, element=element) for name, element in ELEMENTS.items()]
    written = ((name, element) for name, element in ELEMENTS.items() if not element.startswith("const"))
    parts += [WRITTEN.format(name=name, element=element) for name, element in written]
    parts += [CHECKED, *(_table(name, numbers) for name, numbers in tables.items())]
    return "\n".join([*parts, *bodies.values(), *entries, ""])


def _table(name: str, numbers: tuple[int, ...]) -> str:
    rows = "".join(f"    if i == {i}: return {number}\n" for i, number in enumerate(numbers))
    return f"cdef inline long long {name}(long long i) noexcept nogil:\n{rows}    return 0\n"


if __name__ == "__main__":
    print(cython_source())
