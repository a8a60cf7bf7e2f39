"""Dials: what a caller set goes in, a world's own checked dials come out. One fault names all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ...core.errors import SettingsError


class Dials(BaseModel):
    """Base of a world's dials: each a number with bounds and a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


D = TypeVar("D", bound=Dials)


def read_dials(kind: type[D], given: Mapping[str, float]) -> D:
    """The dials with their defaults filled in; whole numbers may come as floats.

    Raises:
        SettingsError: when a dial is unknown or out of its bounds.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        faults = "; ".join(f"{each['loc'][0]}: {each['msg'].lower()}" for each in error.errors())
        raise SettingsError(
            f"These dials cannot be set: {faults}.", hint=f"Its dials are: {', '.join(kind.model_fields)}."
        ) from error
