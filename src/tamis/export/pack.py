"""Pack: a model as one `.tamis` file, or as a folder of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tamis.core import UsageError, draft_folder
from tamis.export.replace import replace_folder
from tamis.models import MANIFEST, Bundle, open_bundle, pack_bundle


def export_packed(bundle: Bundle, out: Path, *, force: bool = False) -> Path:
    """Return the `.tamis` file that a bundle was written to."""
    check_free(out, force=force)
    return pack_bundle(bundle, out)


def export_folder(bundle: Bundle, out: Path, *, force: bool = False) -> Path:
    """Return the folder that a bundle was copied to: plain files that transformers and others open."""
    check_free(out, force=force)
    if out.exists() and not (out / MANIFEST).is_file() and any(out.iterdir()):
        raise UsageError(f"{out} holds other files, which --force does not remove", hint="name another folder")
    with draft_folder(out.absolute().parent) as draft:
        copy_bundle(bundle, draft)
        replace_folder(draft, out.absolute())
    open_bundle(out)
    return out


def copy_bundle(bundle: Bundle, folder: Path, *, but: frozenset[str] = frozenset(), link: bool = False) -> None:
    """Fill a folder with the files of a bundle, but for those that are to be written anew.

    `link` makes no copies where the file system knows hard links: for a folder that takes the bundle's place. What is
    written into such a file would be written into the bundle's own.
    """
    for name in sorted({*bundle.contents} - but):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            if link:
                os.link(bundle.path / name, target)
                continue
        except OSError:
            pass
        shutil.copyfile(bundle.path / name, target)


def check_free(out: Path, *, force: bool) -> None:
    """Refuse to write over what is there."""
    if out.exists() and not force:
        raise UsageError(f"{out} is there already", hint="add --force to replace it")
