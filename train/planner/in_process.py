"""Planning with a trained planner in this process: a folder goes in, a `Planner` for `Context.planner` comes out.

Laws: its prompt is the one it was trained on; its calls are reserved and settled as those of a model at an endpoint
are; a tiny planner refuses a brief that it cannot read, and never makes something up.
"""

from __future__ import annotations

from pathlib import Path

from ...agents.roles import Planning
from ...core.models.model import Model
from ...planner.codec import decode
from ...planner.errors import PlanError
from ...planner.exchange import Exchange
from ...planner.plan import Plan
from ...planner.propose import propose
from ..errors import TrainError, UnreadableBrief
from ..tiny.folder import Card
from .model import need_extra, quiet
from .prompt import tiny_workers


class TrainedPlanner:
    """Plans with the model of a folder that `foreplan train` wrote, or of any chat model's folder."""

    def __init__(self, folder: Path, *, temperature: float = 0.0, seed: int = 0) -> None:
        """Load the folder's model.

        Args:
            folder: which holds config.json, weights, tokenizer and card.
            temperature: of the drawing; 0 always takes the likeliest token.
            seed: of the drawing.

        Raises:
            MissingExtra: when a library of the extra `train` is missing.
            RecipeError: when the folder cannot be used.
        """
        need_extra("Planning with a trained planner")
        from ..recipe import ModelTable
        from .backend import local_model
        from .model import start

        quiet()
        begun = start(ModelTable(base=str(folder)), seed=0)
        begun.model.train(False)
        self.name = folder.resolve().name
        self.card: Card = begun.card
        self.model: Model = local_model(
            self.name, begun.model, begun.tokenizer, begun.card, temperature=temperature, seed=seed
        )

    async def propose(self, planning: Planning) -> Plan:
        """The plan for a brief.

        Raises:
            UnreadableBrief: when a tiny planner cannot read the brief.
            PlanError: when what was written is no plan.
            BudgetExhausted: when the account has no room for it.
        """
        if self.card.prompt == "market":
            return await self._compact(planning)
        return await propose(
            self.model,
            planning.brief,
            account=planning.account,
            rules=planning.rules,
            workers=planning.workers,
            lessons=planning.lessons,
            emit=planning.emit,
            hear=planning.hear,
        )

    async def _compact(self, planning: Planning) -> Plan:
        from .backend import as_messages
        from .prompt import prompt_said

        workers = tiny_workers(planning.workers)
        try:
            sent = as_messages(prompt_said(self.card, planning.brief, planning.rules, workers=workers))
        except TrainError as error:
            raise UnreadableBrief(
                f"The planner {self.name} cannot read this brief. {error.message}", hint=error.hint
            ) from error
        reply = await self.model.call(sent, account=planning.account, emit=planning.emit)
        planning.hear(Exchange(sent, reply.text))
        if reply.finish_reason == "length":
            raise PlanError(f"The planner {self.name} wrote no end to its plan.", raw=reply.text)
        return decode(reply.text)
