from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong with one value."""

    field: str = Field(description="Where it stands in what was sent.")
    detail: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["urn:spar-suite:problem:not-found"])
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, for people.")
    request_id: str = Field(description="By which the registry's operators find it.")
    errors: list[FieldProblem] = Field(
        default=[], description="Only where single values are wrong."
    )
    error: str = Field(
        default="", description="Only of `/v1/token`: the code of RFC 6749."
    )
