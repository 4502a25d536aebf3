"""Who the citizen is: their token of the country's login service, verified."""

from dataclasses import dataclass, field

import jwt


@dataclass(frozen=True)
class Citizen:
    """Somebody who has logged in.

    :param str person_id: their ID in the registry.
    :param str token: what they have logged in with.
    """

    person_id: str
    token: str = field(repr=False)


class NotLoggedIn(Exception):
    """The token is missing, over, or not from our login service for us."""


class Citizens:
    """Recognises citizens by their tokens.

    :param str issuer: address and name of the login service.
    :param str audience: for whom tokens have to be.
    :param str person_claim: the claim that holds the ID in the registry.
    """

    def __init__(self, issuer, audience, person_claim):
        self.issuer = issuer
        self.audience = audience
        self.person_claim = person_claim
        self._keys = jwt.PyJWKClient(f"{issuer}/jwks", lifespan=300)

    def recognise(self, token):
        """Return the citizen who has this token.

        :param str token: from the header ``Authorization``.
        :raises NotLoggedIn: when it proves nothing.
        """
        try:
            claims = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token),
                # Never what the token itself says.
                algorithms=["RS256"],
                audience=self.audience,
                issuer=self.issuer,
                options={"require": ["exp", "iat", self.person_claim]},
            )
        except jwt.PyJWTError:
            raise NotLoggedIn from None
        return Citizen(claims[self.person_claim], token)
