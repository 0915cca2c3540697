"""What the Hub says about one repository at one commit, and a model with what its repositories say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from slmdesk.catalogue.model import CatalogueModel, ContextKind, Variant
from slmdesk.catalogue.variants import of_this_model
from slmdesk.fit import Dimensions


class RepoFacts(Struct, frozen=True, kw_only=True):
    """One answer of the Hub about one repository."""

    repo: str
    """As it was asked for."""
    asked: float
    """When; seconds since 1970, UTC."""
    described: CatalogueModel | None = None
    """The model in it, without variants; None: the Hub does not know the repository, or does not show it."""
    moved_to: str = ""
    """Its name today, where that is another one: the Hub forwards the old one."""
    revision: str = ""
    """The commit of the facts."""
    variants: tuple[Variant, ...] = ()

    @property
    def is_gone(self) -> bool:
        return self.described is None


def repositories_of(model: CatalogueModel) -> tuple[str, ...]:
    """Where the files of `model` are, each once."""
    return tuple(dict.fromkeys((*model.gguf_repos, *model.onnx_repos)))


def with_facts(model: CatalogueModel, facts: Mapping[str, RepoFacts]) -> CatalogueModel:
    """`model` with what `facts`, by repository, says in place of what was known before.

    What belongs to a repository without facts stays as it was. The header of a file wins over what a list
    says about the context length and the number of weights.
    """
    repos = repositories_of(model)
    asked = [facts[repo] for repo in repos if repo in facts]
    if not asked:
        return model
    gone = {one.repo for one in asked if one.is_gone}
    changed = replace(
        model,
        gguf_repos=tuple(repo for repo in model.gguf_repos if repo not in gone),
        onnx_repos=tuple(repo for repo in model.onnx_repos if repo not in gone),
        variants=_variants(model, repos, facts),
        variants_known=len(asked) == len(repos),
        asked=min(one.asked for one in asked),
    )
    present = [one.described for one in asked if one.described is not None]
    if not present:
        return changed
    context, kind, others = _context(model, present)
    return replace(
        changed,
        context_length=context,
        context_kind=kind,
        context_others=others,
        dimensions=_dimensions(model.dimensions, present),
        # Where one repository is open, a person can have the model without being let in.
        gated=min((one.gated for one in present), key=("", "auto", "manual").index),
        downloads=sum(one.downloads or 0 for one in present),
        likes=max(one.likes or 0 for one in present),
        updated=max(one.updated for one in present) or model.updated,
    )


def _variants(
    model: CatalogueModel, repos: Iterable[str], facts: Mapping[str, RepoFacts]
) -> tuple[Variant, ...]:
    before: dict[str, list[Variant]] = {repo: [] for repo in repos}
    for variant in model.variants:
        before.setdefault(variant.repo, []).append(variant)
    told = {one.id: one for one in model.variants if one.trained_for or one.execution_provider}
    now: list[Variant] = []
    for repo, variants in before.items():
        if repo not in facts:
            now.extend(variants)
            continue
        now.extend(_with_what_was_told(one, told.get(one.id)) for one in facts[repo].variants)
    return of_this_model(model, now)


def _with_what_was_told(variant: Variant, told: Variant | None) -> Variant:
    """What a variant is made for, a list may know where the names of files do not say it."""
    if told is None:
        return variant
    return replace(
        variant,
        trained_for=variant.trained_for or told.trained_for,
        execution_provider=variant.execution_provider or told.execution_provider,
    )


def _context(
    model: CatalogueModel, present: Iterable[CatalogueModel]
) -> tuple[int | None, ContextKind, tuple[int, ...]]:
    stated = next((one.context_length for one in present if one.context_length), None)
    if stated is None:
        return model.context_length, model.context_kind, model.context_others
    others = dict.fromkeys((model.context_length, *model.context_others))
    return stated, "header", tuple(other for other in others if other not in (None, stated))


def _dimensions(known: Dimensions | None, present: Iterable[CatalogueModel]) -> Dimensions | None:
    read = next((one.dimensions for one in present if one.dimensions is not None), None)
    if read is None or known is None:
        return known or read
    return replace(
        known,
        architecture=read.architecture or known.architecture,
        parameters=read.parameters or known.parameters,
        trained_context_length=read.trained_context_length or known.trained_context_length,
    )
