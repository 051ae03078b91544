"""A kernel → machine code on disk → a function: compiled once by numba, then loaded by llvmlite alone.

numba's own cache needs numba, half a second, to load what it kept. Its compiler gives an object file; here
that is kept with the digest of its bytes, and linked into the process by the library that numba stands on.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import json
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

Kernel = Callable[..., Any]

# One letter an argument: arrays of these types, flags, and numbers.
ARRAYS = {"uint8": "B", "int64": "q", "uint64": "Q"}
FLAG, NUMBER = "f", "n"
POINTED = {"B": "uint8", "q": "int64", "Q": "uint64"}

# What numba's code refers to for the case that Python code raises, which kernels never do.
ONLY_ON_ERRORS = re.compile(r"(Py|_Py|NRT_|numba_(do_raise|gil_|unpickle|runtime_build_excinfo)|llvm\.)")
NEVER_CALLED = (
    "NRT_Free", "NRT_MemInfo_call_dtor", "NRT_incref", "NRT_decref", "numba_do_raise", "numba_gil_ensure",
    "numba_gil_release", "numba_runtime_build_excinfo_struct", "numba_unpickle",
)  # fmt: skip
MOST_RESULTS = 8


def form_of(arguments: Sequence[Any]) -> str:
    """The types of a kernel's arguments, one letter each. Raises KeyError for any other array."""
    return "".join(
        ARRAYS[a.dtype.name] if hasattr(a, "dtype") and a.ndim else FLAG if isinstance(a, bool) else NUMBER
        for a in arguments
    )


def native(kernel: Kernel, callees: Sequence[Kernel], form: str, folder: str | None) -> Kernel:
    """`kernel` for arguments of this form, from `folder` where it is kept, else compiled."""
    name = f"{kernel.__name__}-{form}-{_processor()}.o"
    kept = _read(os.path.join(folder, name)) if folder else None
    if kept is not None:
        return _linked(*kept, form)
    dispatcher: Kernel = _compiled(kernel, callees)
    if folder:
        _keep(dispatcher, form, os.path.join(folder, name))
    return dispatcher


# ── compiling and keeping ───────────────────────────────────────────────


def _compiled(kernel: Kernel, callees: Sequence[Kernel]) -> Any:
    numba = _numba()
    register_jitable = importlib.import_module("numba.extending").register_jitable
    for callee in callees:
        _callable_from_kernels(callee, register_jitable)
    # Kernels allocate nothing; without counting references to arrays at each call they take a tenth less.
    options: dict[str, Any] = {"nogil": True, "_nrt": False}
    return numba.njit(**options)(kernel)


def _numba() -> Any:
    """numba, which would also heed a file `.numba_config.yaml` in the current folder: a stranger's, maybe."""
    if "numba" in sys.modules:
        return sys.modules["numba"]
    reader = sys.modules.get("yaml")
    sys.modules["yaml"] = None  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that such a file can't be read
            numba = importlib.import_module("numba")
    finally:
        del sys.modules["yaml"]
        if reader is not None:
            sys.modules["yaml"] = reader
    config = sys.modules["numba.core.config"]
    config._config_fname = os.path.join(os.path.dirname(config.__file__ or ""), config.__name__)  # type: ignore[attr-defined]
    return numba


@cache
def _callable_from_kernels(callee: Kernel, register: Callable[[Kernel], Any]) -> None:
    register(callee)


def _keep(dispatcher: Any, form: str, path: str) -> None:
    """Write the machine code of a kernel and how to call it; nothing where it can't stand alone."""
    numba = _numba()
    types = numba.types
    pointers = {letter: types.CPointer(getattr(types, name)) for letter, name in POINTED.items()}
    parameters, passed, signature = ["out"], [], [types.CPointer(types.int64)]
    for i, letter in enumerate(form):
        if letter in pointers:
            parameters += [f"a{i}", f"n{i}"]
            passed.append(f"carray(a{i}, n{i})")
            signature += [pointers[letter], types.int64]
        else:
            parameters.append(f"a{i}")
            passed.append(f"a{i}")
            signature.append(types.boolean if letter == FLAG else types.int64)
    results = _count_results(dispatcher, form)
    takes = [f"out[{i}] = r[{i}]" for i in range(results)] if results > 1 else ["out[0] = r"] * results
    body = "; ".join([f"r = kernel({', '.join(passed)})", *takes])
    names: dict[str, Any] = {"kernel": dispatcher, "carray": numba.carray}
    exec(f"def entry({', '.join(parameters)}): {body}", names)
    entry = numba.cfunc(types.void(*signature))(names["entry"])
    library = entry._library
    strangers = [f.name for f in library._final_module.functions if f.is_declaration]
    if all(ONLY_ON_ERRORS.match(name) for name in strangers):
        _write(path, {"symbol": entry._wrapper_name, "results": results}, library._get_compiled_object())


def _count_results(dispatcher: Any, form: str) -> int:
    types = _numba().types
    kinds = {letter: types.Array(getattr(types, name), 1, "C") for letter, name in POINTED.items()}
    kinds |= {FLAG: types.boolean, NUMBER: types.int64}
    dispatcher.compile(tuple(kinds[letter] for letter in form))
    given = dispatcher.nopython_signatures[0].return_type
    return 0 if given == types.none else getattr(given, "count", 1)


def _write(path: str, how: dict[str, Any], code: bytes) -> None:
    head = json.dumps({**how, "sha256": hashlib.sha256(code).hexdigest()}).encode()
    try:
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), delete=False) as file:
            file.write(head + b"\n" + code)
        os.replace(file.name, path)
    except OSError:
        return  # a full disk costs the next run some seconds, and nothing else


# ── loading ─────────────────────────────────────────────────────────────


def _read(path: str) -> tuple[str, int, bytes] | None:
    """Symbol, number of results and object code; None unless it is there and whole."""
    try:
        with open(path, "rb") as file:
            head, code = json.loads(file.readline()), file.read()
        whole = hashlib.sha256(code).hexdigest() == head["sha256"]
        return (str(head["symbol"]), int(head["results"]), code) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@cache
def _processor() -> str:
    """What code is compiled for: this processor and its features."""
    from llvmlite import binding

    features = binding.get_host_cpu_features().flatten()
    return hashlib.sha256(f"{binding.get_host_cpu_name()} {features}".encode()).hexdigest()[:12]


@cache
def _engine() -> Any:
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    abort = ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p).value
    for name in NEVER_CALLED:
        binding.add_symbol(name, abort)
    machine = binding.Target.from_default_triple().create_target_machine()
    return binding.create_mcjit_compiler(binding.parse_assembly(""), machine)


def _linked(symbol: str, results: int, code: bytes, form: str) -> Kernel:
    from llvmlite import binding

    engine = _engine()
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    single: dict[str, Any] = {FLAG: ctypes.c_bool, NUMBER: ctypes.c_int64}
    types: list[Any] = [ctypes.c_void_p]
    for letter in form:
        types += [single[letter]] if letter in single else [ctypes.c_void_p, ctypes.c_int64]
    # A call through ctypes lets other threads run meanwhile.
    function = ctypes.CFUNCTYPE(None, *types)(engine.get_function_address(symbol))

    def run(*arguments: Any) -> Any:
        out = (ctypes.c_int64 * MOST_RESULTS)()
        passed: list[Any] = [ctypes.addressof(out)]
        for letter, argument in zip(form, arguments, strict=True):
            if letter in POINTED:
                passed += [argument.ctypes.data, argument.size]
            else:
                passed.append(argument)
        function(*passed)
        return out[0] if results == 1 else tuple(out[:results])

    return run
