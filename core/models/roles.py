"""Models by role: what is configured goes in, the model for each role comes out, with fallbacks for unset roles.

    writer, judge ──► planner ◄──► worker ◄── compressor        (worker also falls back to the first of the pool)

Law: with no model at all the run is embedded; asking for a role then is an error, not a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from ..errors import SettingsError
from ..slots import PrioritySlots
from .model import Model
from .retry import RetryPolicy
from .spec import ModelSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Role = Literal["planner", "worker", "writer", "compressor", "judge"]
ROLES: tuple[Role, ...] = get_args(Role)

_FALLBACKS: dict[Role, tuple[Role, ...]] = {
    "planner": ("worker", "writer", "judge", "compressor"),
    "worker": ("planner", "compressor", "writer", "judge"),
    "writer": ("planner", "worker", "judge", "compressor"),
    "judge": ("planner", "worker", "writer", "compressor"),
    "compressor": ("worker", "planner", "writer", "judge"),
}


class Models:
    """The models of a run, one for each role; read-only. `Models()` is empty: the run is embedded.

    Args:
        planner, worker, writer, compressor, judge: the models that are configured.
        pool: further workers by name, from which a plan chooses.
    """

    __slots__ = ("_given", "_pool")

    def __init__(
        self,
        *,
        planner: Model | None = None,
        worker: Model | None = None,
        writer: Model | None = None,
        compressor: Model | None = None,
        judge: Model | None = None,
        pool: Mapping[str, Model] | None = None,
    ) -> None:
        said: dict[Role, Model | None] = {
            "planner": planner, "worker": worker, "writer": writer, "compressor": compressor, "judge": judge,
        }  # fmt: skip
        self._given = MappingProxyType({role: model for role, model in said.items() if model is not None})
        self._pool = MappingProxyType(dict(pool or {}))

    @property
    def embedded(self) -> bool:
        """Whether no model is configured."""
        return not self._given and not self._pool

    @property
    def planner(self) -> Model:
        """Writes and revises plans."""
        return self.role("planner")

    @property
    def worker(self) -> Model:
        """Does subtasks that name no worker of the pool."""
        return self.role("worker")

    @property
    def writer(self) -> Model:
        """Writes the report."""
        return self.role("writer")

    @property
    def compressor(self) -> Model:
        """Makes digests smaller."""
        return self.role("compressor")

    @property
    def judge(self) -> Model:
        """Compares and scores answers."""
        return self.role("judge")

    @property
    def workers(self) -> Mapping[str, Model]:
        """All workers by name: the default one as `worker` unless it is the pool's first, then the pool."""
        if self.embedded:
            return MappingProxyType({})
        default = {} if self._pool and "worker" not in self._given else {"worker": self.worker}
        return MappingProxyType({**default, **self._pool})

    def worker_named(self, name: str | None) -> Model:
        """The worker that a plan names; the default one for None and for names that are not in the pool."""
        return self.worker if name is None else self._pool.get(name, self.worker)

    def role(self, role: Role) -> Model:
        """The model for a role, its own or the one it falls back to.

        Raises:
            SettingsError: when no model is configured at all.
        """
        if role in self._given:
            return self._given[role]
        if role in ("worker", "compressor") and self._pool and "worker" not in self._given:
            return next(iter(self._pool.values()))
        found = next((self._given[each] for each in _FALLBACKS[role] if each in self._given), None)
        if found is None and self._pool:
            return next(iter(self._pool.values()))
        if found is None:
            raise SettingsError("No model is configured.", hint="Set OPENAI_API_KEY, or a model in foreplan.toml.")
        return found

    async def aclose(self) -> None:
        """Close the connections that the running event loop has open to any of the models."""
        for model in {id(each): each for each in (*self._given.values(), *self._pool.values())}.values():
            await model.aclose()

    @classmethod
    def of(cls, models: Model | ModelSpec | BaseChatModel | Mapping[str, Model | ModelSpec | BaseChatModel]) -> Models:
        """Models from a user's own: one for every role, or a mapping from role (or a pool worker's name) to model."""
        if not isinstance(models, Mapping):
            return cls(planner=_model_of(models))
        made = {name: _model_of(each) for name, each in models.items()}
        pool = {name: model for name, model in made.items() if name not in ROLES}
        return cls(pool=pool, **{role: made[role] for role in ROLES if role in made})


EndpointSlots: TypeAlias = dict[tuple[str, str], PrioritySlots]
"""The slots of endpoints, by URL and key."""


def build_models(
    specs: Mapping[str, ModelSpec],
    pool: Mapping[str, ModelSpec] | None = None,
    *,
    slots: EndpointSlots | None = None,
    retry: RetryPolicy | None = None,
) -> Models:
    """Models from settings: `specs` by role, `pool` by worker name.

    Specs that are equal share one model; specs with the same URL and key share their slots, of which there are as many
    as the smallest `concurrency` that was set for them, given away as often as the smallest `calls_per_minute` allows.
    `slots` are those of models built before, for runs that share their endpoints; new ones are added to it. `retry`
    says when to try again, for all of them.
    """
    from .connect import connect  # here, since LangChain takes a second to load

    everything = [*specs.values(), *(pool or {}).values()]
    slots = {} if slots is None else slots
    for spec in everything:
        slots.setdefault(_account_at(spec), _slots(spec, everything))
    made: list[tuple[ModelSpec, Model]] = []

    def model(spec: ModelSpec) -> Model:
        known = next((each for other, each in made if other == spec), None)
        if known is None:
            known = connect(spec, slots=slots[_account_at(spec)], retry=retry)
            made.append((spec, known))
        return known

    pooled = {name: model(spec) for name, spec in (pool or {}).items()}
    unknown = sorted(set(specs) - set(ROLES))
    if unknown:
        raise SettingsError(f"There is no role {unknown[0]!r}.", hint=f"Roles are {', '.join(ROLES)}.")
    return Models(pool=pooled, **{role: model(specs[role]) for role in ROLES if role in specs})


def _model_of(given: Model | ModelSpec | BaseChatModel) -> Model:
    if isinstance(given, Model):
        return given
    from .connect import connect, wrap  # here, since LangChain takes a second to load

    return connect(given) if isinstance(given, ModelSpec) else wrap(given)


def _account_at(spec: ModelSpec) -> tuple[str, str]:
    return spec.url, spec.key


def _slots(spec: ModelSpec, specs: list[ModelSpec]) -> PrioritySlots:
    peers = [each for each in specs if _account_at(each) == _account_at(spec)]
    said = [each.concurrency for each in peers if "concurrency" in each.model_fields_set]
    paces = [each.calls_per_minute for each in peers if each.calls_per_minute is not None]
    return PrioritySlots(min(said, default=spec.concurrency), per_minute=min(paces, default=None))
