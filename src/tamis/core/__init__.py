"""Core: which words does the whole house share?

The nouns (Document, LabelSet, Prediction, fingerprints, Workspace), the errors a user may see, the ports behind which
outside systems stand, the plug-ins that fill those ports, the configuration, and how a file is written so that a
power cut leaves either the old one or the new one. Nothing here reads a data set or loads a model.
"""

from tamis.core.atomic import abandoned, atomic_file, draft_folder, publish, write_atomic
from tamis.core.config import Config, Settings, config_schema, load_config, load_placed, load_settings
from tamis.core.document import ROLES, Document
from tamis.core.environment import environment
from tamis.core.errors import CheckFailed, DataError, MissingExtra, TamisError, UsageError, WorkerLost, did_you_mean
from tamis.core.fingerprint import fingerprint, fingerprint_file, fingerprint_files
from tamis.core.group import free_port, join_group
from tamis.core.labels import LabelSet
from tamis.core.page import Page
from tamis.core.ports import (
    EventLog,
    Executor,
    Host,
    Ledger,
    RegistryMirror,
    ShownModel,
    ShownVersion,
    SqlEngine,
    Store,
    StoredFile,
    Tracker,
)
from tamis.core.prediction import Prediction
from tamis.core.progress import Progress, Silent
from tamis.core.schema import BETWEEN_TEXTS, LabelForm, Schema
from tamis.core.workspace import Workspace, create_workspace

__all__ = [
    "BETWEEN_TEXTS",
    "ROLES",
    "CheckFailed",
    "Config",
    "DataError",
    "Document",
    "EventLog",
    "Executor",
    "Host",
    "LabelForm",
    "LabelSet",
    "Ledger",
    "MissingExtra",
    "Page",
    "Prediction",
    "Progress",
    "RegistryMirror",
    "Schema",
    "Settings",
    "ShownModel",
    "ShownVersion",
    "Silent",
    "SqlEngine",
    "Store",
    "StoredFile",
    "TamisError",
    "Tracker",
    "UsageError",
    "WorkerLost",
    "Workspace",
    "abandoned",
    "atomic_file",
    "config_schema",
    "create_workspace",
    "did_you_mean",
    "draft_folder",
    "environment",
    "fingerprint",
    "fingerprint_file",
    "fingerprint_files",
    "free_port",
    "join_group",
    "load_config",
    "load_placed",
    "load_settings",
    "publish",
    "write_atomic",
]
