from typing import Literal

from pydantic import BaseModel, Field


class Health(BaseModel):
    """The API answers."""

    status: Literal["up"]
    version: str = Field(examples=["1.0.0"], description="Of the API.")
