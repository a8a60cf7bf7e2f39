"""The OpenAI grader JSON as types: what a grader file may say. A checked `Spec` comes out, or pydantic's faults.

Fields and names are those of the OpenAI API, so that one file serves both; `multi` takes a name → grader object, as the
service does (the SDK's own type rejects it). Laws: frozen; what this program could not do honestly is refused and not
ignored: an unknown field, an image or audio to be judged, a sampling parameter that Foreplan's models have not.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from ...core.models.base import Effort

MAX_TEXT_CHARS = 100_000
MAX_SOURCE_CHARS = 256_000
"""OpenAI's limit of a Python grader's source."""
MAX_GRADERS = 50
"""Graders directly below one multi."""

Text: TypeAlias = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Metric: TypeAlias = Literal[
    "fuzzy_match", "bleu", "gleu", "meteor", "cosine",
    "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l",
]  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StringCheckSpec(_Part):
    """Whether two texts are the same (`eq`), differ (`ne`), or the input holds the reference (`like`, `ilike`)."""

    type: Literal["string_check"]
    name: Name
    input: Text
    reference: Text
    operation: Literal["eq", "ne", "like", "ilike"]


class TextSimilaritySpec(_Part):
    """How similar two texts are."""

    type: Literal["text_similarity"]
    name: Name
    input: Text
    reference: Text
    evaluation_metric: Metric


class TextPart(_Part):
    """A piece of a message's text."""

    type: Literal["input_text", "output_text"]
    text: Text


class JudgeMessage(_Part):
    """A message to the judging model; text only."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Text | TextPart | Annotated[tuple[TextPart | Text, ...], Field(max_length=50)]

    @property
    def text(self) -> str:
        """The message's text, its parts joined by line ends."""
        parts = self.content if isinstance(self.content, tuple) else (self.content,)
        return "\n".join(part if isinstance(part, str) else part.text for part in parts)


JudgeMessages: TypeAlias = Annotated[tuple[JudgeMessage, ...], Field(min_length=1, max_length=50)]


class SamplingParams(_Part):
    """How the judging model is sampled; what is left out is as the judge's settings say."""

    reasoning_effort: Effort | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    seed: int | None = None
    max_completion_tokens: Annotated[int, Field(ge=16, le=1_000_000)] | None = Field(
        default=None, validation_alias=AliasChoices("max_completions_tokens", "max_completion_tokens")
    )


class ScoreModelSpec(_Part):
    """A judging model gives a number. `range` is that of its numbers; the reward is where in it the number lies."""

    type: Literal["score_model"]
    name: Name
    model: Name
    input: JudgeMessages
    range: tuple[FiniteFloat, FiniteFloat] = (0.0, 1.0)
    sampling_params: SamplingParams = SamplingParams()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.range[0] < self.range[1]:
            raise ValueError("range must go from a smaller number to a larger one")
        return self


class LabelModelSpec(_Part):
    """A judging model chooses one of `labels`; those in `passing_labels` are a reward of 1."""

    type: Literal["label_model"]
    name: Name
    model: Name
    input: JudgeMessages
    labels: Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]
    passing_labels: Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]
    sampling_params: SamplingParams = SamplingParams()

    @model_validator(mode="after")
    def _known(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ from each other")
        unknown = sorted(set(self.passing_labels) - set(self.labels))
        if unknown:
            raise ValueError(f"passing_labels names what is not in labels: {', '.join(unknown)}")
        return self


class PythonSpec(_Part):
    """Python source that defines `grade(sample, item)`.

    `image_tag` names an image of OpenAI's; the source runs here with this Python and what is installed beside it.
    """

    type: Literal["python"]
    name: Name
    source: Annotated[str, Field(min_length=1, max_length=MAX_SOURCE_CHARS)]
    image_tag: str | None = None


class MultiSpec(_Part):
    """Several graders under names, and the formula that makes one reward of theirs."""

    type: Literal["multi"]
    name: Name
    graders: Annotated[dict[str, Spec], Field(min_length=1, max_length=MAX_GRADERS)]
    calculate_output: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _usable_names(self) -> Self:
        for name in self.graders:
            if not name.isidentifier():
                raise ValueError(f"{name[:60]!r} cannot stand in calculate_output: use letters, digits and _")
        return self


Spec: TypeAlias = Annotated[
    StringCheckSpec | TextSimilaritySpec | ScoreModelSpec | LabelModelSpec | PythonSpec | MultiSpec,
    Field(discriminator="type"),
]
"""Any grader, told apart by its `type`."""

MultiSpec.model_rebuild()
