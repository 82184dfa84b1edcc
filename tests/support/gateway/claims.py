"""Whose request it is: the role and the claims of an API key or a JSON Web Token."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import jwt

AUDIENCE = "authenticated"
ROLES = ("anon", "authenticated", "service_role")


class TokenRefused(Exception):
    """The token cannot be used; `code` is PostgREST's."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class Caller:
    """A role of the database and the claims that `auth.uid()` reads."""

    role: str
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def claims_json(self) -> str:
        """The claims as `request.jwt.claims` holds them."""
        return json.dumps(self.claims)


@dataclass(frozen=True)
class Keys:
    """The secret of a project and the two keys that are signed with it."""

    secret: str = field(repr=False)

    @property
    def anon(self) -> str:
        """The key that a front end carries."""
        return self.token(role="anon")

    @property
    def service_role(self) -> str:
        """The key of the workers."""
        return self.token(role="service_role")

    def token(self, *, role: str, user_id: str | None = None, seconds: float = 3600, **claims: Any) -> str:
        """Sign a token that expires in so many seconds; negative ones give an expired token."""
        content: dict[str, Any] = {
            "role": role,
            "iss": "gateway",
            "exp": int(time.time() + seconds),
            **claims,
        }
        if user_id is not None:
            content |= {"sub": user_id, "aud": AUDIENCE}
        return jwt.encode(content, self.secret, algorithm="HS256")

    def caller(self, token: str) -> Caller:
        """Verify a token and return whose it is.

        Raises:
            TokenRefused: PGRST303 when it has expired, PGRST301 when it is no token of this project.
        """
        try:
            claims = jwt.decode(token, self.secret, algorithms=["HS256"], options={"verify_aud": False})
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("PGRST303", "JWT expired") from error
        except jwt.InvalidTokenError as error:
            raise TokenRefused("PGRST301", "JWSError JWSInvalidSignature") from error
        role = claims.get("role", "anon")
        if role not in ROLES:
            raise TokenRefused("PGRST301", f'role "{role}" does not exist')
        return Caller(role=role, claims=claims)
