"""Compile the kernels while a wheel is built, where there is a C compiler; without one the build ends well.

Hatchling runs this (pyproject.toml names it). The compiler is the machine's own, or the one of the package
`ziglang`, which is asked for where the machine has none and such a package exists for it.
`PHONEHOME_UNCOMPILED=1` asks for nothing and compiles nothing; so does a platform that is not known.

The compiled module is written next to this file in the working copy, so that it is compiled once for each
state of the sources. `python -P analyzer/core/build_hook.py` does that alone, and needs Cython and
setuptools.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
else:
    try:
        from hatchling.builders.hooks.plugin.interface import BuildHookInterface
    except ImportError:  # in a working copy, which needs no hatchling
        BuildHookInterface = object

HERE = Path(__file__).parent
NAME = "compiled_kernels"
MODULE = HERE / (NAME + (sysconfig.get_config_var("EXT_SUFFIX") or ".so"))
# Setuptools knows the compiler of each platform, and how Python itself was compiled.
TOOLS = ("cython>=3.0.11", "setuptools>=70.1")
ZIG = "ziglang>=0.13"
# Machines for which PyPI has a wheel of ziglang.
ZIG_PLATFORMS = {
    ("Linux", "x86_64"), ("Linux", "aarch64"), ("Linux", "armv7l"), ("Darwin", "x86_64"), ("Darwin", "arm64"),
    ("Windows", "AMD64"), ("Windows", "ARM64"),
}  # fmt: skip


class KernelBuildHook(BuildHookInterface):  # type: ignore[misc, unused-ignore]
    """Adds the compiled module to the wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what building needs on this machine."""
        return requirements() if self.target_name == "wheel" else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is packed."""
        if self.target_name != "wheel" or not wants_to_compile():
            return
        failure = refresh()
        if failure:
            print(f"phonehome: the kernels were not compiled: {failure}", file=sys.stderr)
            return
        build_data["pure_python"], build_data["infer_tag"] = False, True
        if version != "editable":
            build_data["force_include"][str(MODULE)] = f"analyzer/core/{MODULE.name}"


def wants_to_compile() -> bool:
    """Return whether kernels are to be compiled at all."""
    return not os.environ.get("PHONEHOME_UNCOMPILED")


def requirements() -> list[str]:
    """Return the packages that compiling needs here; none where there is no way to a compiler."""
    if not wants_to_compile():
        return []
    if has_compiler():
        return list(TOOLS)
    return [*TOOLS, ZIG] if (platform.system(), platform.machine()) in ZIG_PLATFORMS else []


def has_compiler() -> bool:
    """Return whether the compiler is there that extension modules are compiled with on this platform."""
    if platform.system() == "Windows":
        return shutil.which("cl") is not None or bool(os.environ.get("VSINSTALLDIR"))
    named = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    return shutil.which(named.split()[0]) is not None


def refresh() -> str:
    """Compile the kernels into the working copy, unless the module there is of these sources.

    Returns the last line of what went wrong, nothing where all went well. Another process compiles: neither
    its output nor its failure is this one's.
    """
    command = [sys.executable, "-P", str(HERE / "build_hook.py")]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").split("\n")[-1]


def _environment() -> dict[str, str]:
    """The environment that compiling needs: with zig as the compiler where there is no other."""
    if has_compiler() or importlib.util.find_spec("ziglang") is None:
        return dict(os.environ)
    zig = f"{sys.executable} -m ziglang"
    return {**os.environ, "CC": f"{zig} cc", "CXX": f"{zig} c++", "LDSHARED": f"{zig} cc -shared"}


def is_current(source: str) -> bool:
    """Return whether the module that lies here was compiled from this source."""
    marker = f"# {MODULE.name}\n{source}"
    kept = MODULE.with_suffix(".pyx")
    return MODULE.is_file() and kept.is_file() and kept.read_text(encoding="utf-8") == marker


def build() -> None:
    """Translate, compile and link. Raises what Cython and the compiler raise."""
    sys.path.insert(0, str(HERE))
    import kernel_source

    source = kernel_source.cython_source()
    if is_current(source):
        return
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    with tempfile.TemporaryDirectory(prefix="phonehome-kernels-") as work:
        text = Path(work) / f"{NAME}.pyx"
        text.write_text(source, encoding="utf-8")
        flags = [] if platform.system() == "Windows" else ["-O3", "-fwrapv", "-g0"]
        extension = Extension(NAME, [str(text)], extra_compile_args=flags)
        modules = cythonize([extension], build_dir=work, quiet=True)  # type: ignore[no-untyped-call, unused-ignore]
        command = Distribution({"name": NAME, "ext_modules": modules}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(Path(work) / "lib"), work
        command.ensure_finalized()
        command.run()
        whole = HERE / f"{MODULE.name}.{os.getpid()}"
        shutil.copy(Path(work) / "lib" / MODULE.name, whole)
        os.replace(whole, MODULE)  # another process may have loaded the older one
    MODULE.with_suffix(".pyx").write_text(f"# {MODULE.name}\n{source}", encoding="utf-8")


if __name__ == "__main__":
    build()
