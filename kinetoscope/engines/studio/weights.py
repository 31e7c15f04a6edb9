"""Weights: files of small networks that other packages carry, found, checked and opened.

A network is a gain, never a need: whoever asks for one that is not installed does without it.
"""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

_THREADS = 1  # a second one costs a quarter as much again, and may change sums
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Weights:
    """A *file* of an installed *package*, used only if its SHA-256 is *digest*."""

    package: str
    file: str
    digest: str

    def opened(self, *, often: bool = False) -> Any | None:  # noqa: ANN401 - onnxruntime ships no types
        """Open the network; None if the package or onnxruntime is missing or the file is odd.

        One that is asked *often* keeps its memory in between, which saves a quarter of the time.
        """
        path = self._path()
        if path is None:
            return None
        if sha256(path.read_bytes()).hexdigest() != self.digest:
            _log.warning("%s is not the file that the studio knows: it is left alone", path)
            return None
        try:
            runtime = importlib.import_module("onnxruntime")
        except ImportError:
            return None
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = _THREADS
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = often
        options.use_deterministic_compute = True
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def _path(self) -> Path | None:
        try:
            files = distribution(self.package).files or []
        except PackageNotFoundError:
            return None
        # Only the file: the package's module is a stranger's, and may shadow another's name.
        found = [Path(str(file.locate())) for file in files if file.name == self.file]
        return found[0] if found and found[0].is_file() else None
