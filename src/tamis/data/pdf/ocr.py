"""OCR: reads a page's picture with tesseract, where it is installed."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from typing import Any

import pypdfium2.raw as pdfium

from tamis.core import UsageError
from tamis.data.pdf.lines import HYPHEN

INSTALL = "apt-get install tesseract-ocr"

_DPI = 300
_MOST_PIXELS = 40_000_000
_SECONDS_PER_PAGE = 180
_LINE_HYPHEN = re.compile(r"(?<=\w)[-\u2010\u00ad]\n(?=\w)")


class OcrError(Exception):
    """tesseract did not do its work."""


def check_ocr(language: str) -> None:
    """Raise what the user has to do before OCR in `language` (`eng`, `deu+fra`…) can work."""
    if shutil.which("tesseract") is None:
        raise UsageError("--ocr needs tesseract, which is not installed", hint=INSTALL)
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False)
    known = set(listed.stdout.split()) | set(listed.stderr.split())
    missing = [name for name in language.split("+") if name not in known]
    if missing:
        raise UsageError(
            f"tesseract has no language {', '.join(missing)}", hint=f"apt-get install tesseract-ocr-{missing[0]}"
        )


def ocr_page(document: Any, index: int, *, language: str) -> str:
    """Return the text of a page's picture, a blank line between paragraphs."""
    picture = _render(document, index)
    if picture is None:
        return ""
    command = ["tesseract", "stdin", "stdout", "-l", language, "--dpi", str(_DPI)]
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=_SECONDS_PER_PAGE,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},  # the files are read in parallel already
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OcrError(f"OCR of page {index + 1} failed: {error}") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise OcrError(f"OCR of page {index + 1} failed: {said[-1] if said else f'exit code {done.returncode}'}")
    text = done.stdout.decode("utf-8", "replace").replace("\f", "\n\n").replace("\r", "")
    text = _LINE_HYPHEN.sub(HYPHEN, text)
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip())


def _render(document: Any, index: int) -> bytes | None:
    """The page as a grey picture in the PGM format."""
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        return None
    try:
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        scale = _DPI / 72
        if width * height * scale * scale > _MOST_PIXELS:
            scale = (_MOST_PIXELS / (width * height)) ** 0.5
        across, down = max(1, round(width * scale)), max(1, round(height * scale))
        bitmap = pdfium.FPDFBitmap_CreateEx(across, down, pdfium.FPDFBitmap_Gray, None, 0)
        if not bitmap:
            return None
        try:
            pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, across, down, 0xFFFFFFFF)
            pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, across, down, 0, pdfium.FPDF_ANNOT)
            stride = pdfium.FPDFBitmap_GetStride(bitmap)
            data = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * down)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
    finally:
        pdfium.FPDF_ClosePage(page)
    if stride != across:
        data = b"".join(data[row * stride : row * stride + across] for row in range(down))
    return f"P5 {across} {down} 255\n".encode() + data
