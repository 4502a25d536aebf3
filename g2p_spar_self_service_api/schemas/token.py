from typing import Literal

from pydantic import BaseModel, Field


class AccessToken(BaseModel):
    """A token to call the other operations with."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = Field(description="Seconds it is good for.", examples=[600])
    scope: str = Field(
        description="What it is good for, with blanks between.",
        examples=["address:read directory:read"],
    )
