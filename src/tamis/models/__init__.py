"""Models: which kinds of model are there, and what is a trained one on disk?

One file a family (linear, probe, encoder), the backbones they start from, and the `Bundle`: a plain Hugging Face folder
with `tamis.json` beside it, which says the task, the cleaning, the decision rule, where it came from, and the hash of
every file. Opening one runs no code and needs no torch.
"""

from tamis.models.adopt import adopt_transformers
from tamis.models.archive import SUFFIX, pack_bundle
from tamis.models.backbones import MINILM, find_backbone
from tamis.models.bundle import Bundle, add_to_bundle, open_bundle, seal_bundle
from tamis.models.card import model_card, write_card
from tamis.models.encoder import (
    READS_FIRST_TOKEN,
    build_encoder,
    final_layer,
    freeze,
    layers_of,
    most_tokens,
    pooled,
    quietly,
    save_encoder,
)
from tamis.models.find import find_bundle, run_names
from tamis.models.learnable import check_learnable, label_counts
from tamis.models.linear import LinearModel, load_linear
from tamis.models.linear_fit import fit_linear
from tamis.models.manifest import BundleManifest, EngineChoice, Lineage, TaskSpec
from tamis.models.probe import build_probe, probe_features, set_head
from tamis.models.probe_fit import Head, fit_head
from tamis.models.sealed import CARD, MANIFEST

__all__ = [
    "CARD",
    "MANIFEST",
    "MINILM",
    "READS_FIRST_TOKEN",
    "SUFFIX",
    "Bundle",
    "BundleManifest",
    "EngineChoice",
    "Head",
    "Lineage",
    "LinearModel",
    "TaskSpec",
    "add_to_bundle",
    "adopt_transformers",
    "build_encoder",
    "build_probe",
    "check_learnable",
    "final_layer",
    "find_backbone",
    "find_bundle",
    "fit_head",
    "fit_linear",
    "freeze",
    "label_counts",
    "layers_of",
    "load_linear",
    "model_card",
    "most_tokens",
    "open_bundle",
    "pack_bundle",
    "pooled",
    "probe_features",
    "quietly",
    "run_names",
    "save_encoder",
    "seal_bundle",
    "set_head",
    "write_card",
]
