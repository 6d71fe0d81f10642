"""What callers may ask of a preview: which policy, tried where, on whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework.exceptions import ValidationError

from kaireon.api.fields import ChoiceField, ObjectField, TextField, WholeField, shown
from kaireon.api.requests import BodyReader, RequestSerializer
from kaireon.lifecycle import Lifecycle
from kaireon.tenancy import Tenant
from policies.models import SCOPED, PolicyScope
from policies.preview import Trial
from policies.rule import ConfigError, Problem, Rule
from policies.rules import RULES
from policies.schema import in_openapi
from policies.scope import EACH, Assignment
from policies.serializers import REFERENCED, known_names

SCOPES = ("global", "offer", "category", "channel")
EVERYBODY, SAMPLE = "all", "sample"
# The rules that can be previewed, by the config their preview takes.
TRIALS: Mapping[str, type[Trial]] = {rule.slug: rule.preview.trial_of(rule) for rule in RULES if rule.preview}


@dataclass(frozen=True)
class Asked:
    """A preview that can be made; of the customers at most `most` are sampled, None stands for all."""

    trial: Trial
    assignment: Assignment
    most: int | None
    warnings: tuple[str, ...]


@extend_schema_field({"anyOf": [in_openapi(trial.json_schema()) for trial in TRIALS.values()]})
class TrialField(ObjectField):
    """The config of a preview: which one, the policyType says."""


@extend_schema_serializer(component_name="ImpactPreview")
class ImpactPreviewRequest(RequestSerializer):
    """`POST /contact-policies/impact-preview`."""

    policyType = ChoiceField(choices=list(TRIALS))
    scope = ChoiceField(choices=SCOPES, required=False, default="global")
    scopeId = TextField(
        required=False, allow_blank=True, default="", help_text='A live row\'s id, or "*" for each with its own count.'
    )
    config = TrialField()
    sampleSize = WholeField(required=False, default=1000, min_value=100, max_value=10_000)
    population = ChoiceField(choices=[SAMPLE, EVERYBODY], required=False, default=SAMPLE)


READER = BodyReader(ImpactPreviewRequest)


def asked(tenant: Tenant, data: Mapping[str, Any]) -> Asked:
    """Reads a request. Raises one ValidationError with every fault."""
    body = READER.read(data)
    warnings = list(body.warnings)
    # Of a rule nobody knows, what all previews ask for can still be judged.
    kind = TRIALS.get(body.values.get("policyType", ""), Trial)
    values = body.resolved(
        scopeId=lambda public_id: _placed(tenant, body.values.get("scope"), public_id, warnings),
        config=lambda config: trial_of(kind, config, tenant, warnings),
    )
    most = None if values["population"] == EVERYBODY else values["sampleSize"]
    return Asked(values["config"], values["scopeId"], most, tuple(warnings))


def trial_of(kind: type[Trial], config: Mapping[str, Any], tenant: Tenant, warnings: list[str]) -> Trial:
    """A preview's config, read, and its references resolved. Raises ValidationError with the faults by key."""
    try:
        parsed = kind.parse(config)
    except ConfigError as error:
        raise ValidationError(_by_key(error.problems)) from error
    trial = parsed.rule
    assert trial is not None  # only a draft can be without one
    if problems := list(_dangling(trial, tenant)):
        raise ValidationError(_by_key(problems))
    warnings += [f"config.{key} is unknown to this preview and was ignored." for key in parsed.unknown]
    warnings += _unknown_names(trial, tenant)
    return trial.resolved(lambda kind, public_id: REFERENCED[kind].id_kind.decode(public_id) or 0)


def _placed(tenant: Tenant, scope: str | None, scope_id: str, warnings: list[str]) -> Assignment:
    """Where the policy is tried. Raises ValidationError about the scopeId."""
    if scope is None or scope == "global":
        if scope == "global" and scope_id:
            warnings.append(f"A global scope has no scopeId; {shown(scope_id)} was ignored.")
        return Assignment("global")
    if not scope_id:
        raise ValidationError(
            f'The scope {scope} needs a scopeId: send the id of one, "*" for each of them, '
            'or the scope "global" for everything.'
        )
    if scope_id != EACH and not _is_live(SCOPED[scope], scope_id, tenant):
        raise ValidationError(f"There is no live {scope} with the id {shown(scope_id)}.")
    return PolicyScope.read({"scope": scope, "scopeId": scope_id}).compiled()


def _dangling(rule: Rule, tenant: Tenant) -> Iterator[Problem]:
    for key, kind, public_id in rule.references():
        model = REFERENCED[kind]
        if not _is_live(model, public_id, tenant):
            yield key, f"There is no live {model._meta.verbose_name} with the id {shown(public_id)}."


def _unknown_names(rule: Rule, tenant: Tenant) -> Iterator[str]:
    for key, kind, name in rule.mentions():
        if kind in known_names and name not in known_names[kind](tenant):
            yield f'config.{key} names the {kind} "{name}", which does not exist (yet).'


def _is_live(model: type[Lifecycle], public_id: str, tenant: Tenant) -> bool:
    return model.everything.of(tenant).live().filter(pk=model.id_kind.decode(public_id) or 0).exists()


def _by_key(problems: Iterable[Problem]) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    for key, message in problems:
        faults.setdefault(key, []).append(message)
    return faults
