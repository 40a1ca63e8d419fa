"""Models: what is loaded as a model, from where, and how it is saved."""

from __future__ import annotations

from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules.models import frameworks, hub, pickles, saved

RULES: tuple[Rule, ...] = (
    hub.trust_remote_code,
    pickles.pickle_from_network,
    pickles.pickle_family_load,
    frameworks.torch_load_without_weights_only,
    frameworks.numpy_allow_pickle,
    frameworks.keras_unsafe_load,
    hub.model_revision_not_pinned,
    saved.artifact_format_unsafe,
)
