"""Whose request it is: the role and the claims of an API key or a JSON Web Token."""

import hashlib
import hmac
import json
import math
import time
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import jwt

AUDIENCE = "authenticated"
ROLES = ("anon", "authenticated", "service_role")
_KEYS_BEGIN, _KEYS_END = 1_577_836_800, 2_524_608_000  # 2020 to 2050, in Unix seconds


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
    """The secret of a project and what is signed with it."""

    secret: str = field(repr=False)

    @property
    def anon(self) -> str:
        """The key that a front end carries."""
        return self._key("anon")

    @property
    def service_role(self) -> str:
        """The key of the workers."""
        return self._key("service_role")

    @property
    def publishable(self) -> str:
        """The key of the new kind for a front end; no JSON Web Token."""
        return f"sb_publishable_{self._mark('publishable')}"

    @property
    def secret_key(self) -> str:
        """The key of the new kind for the workers; no JSON Web Token."""
        return f"sb_secret_{self._mark('secret')}"

    @property
    def url_secret(self) -> str:
        """What signs the URLs of stored objects: such a token must be no access token."""
        return self._mark("signed URLs")

    def is_api_key(self, key: str) -> bool:
        """Tell whether a request with this `apikey` may come in."""
        return key in (self.anon, self.service_role, self.publishable, self.secret_key)

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
        """Verify a token, or a key of the new kind, and return whose it is.

        Raises:
            TokenRefused: PGRST303 when it has expired, PGRST301 when it is no token of this project.
        """
        if token in (self.publishable, self.secret_key):
            role = "anon" if token == self.publishable else "service_role"
            return Caller(role=role, claims={"role": role})
        claims = _verified(self.secret, token)
        if claims.get("exp", math.inf) <= time.time():
            raise TokenRefused("PGRST303", "JWT expired")
        role = claims.get("role", "anon")
        if role not in ROLES:
            raise TokenRefused("22023", f'role "{role}" does not exist')
        return Caller(role=role, claims=claims)

    def _key(self, role: str) -> str:
        # Always the same text, as keys are compared; and good for as long as a project lives.
        return _signed_key(self.secret, role)

    def _mark(self, kind: str) -> str:
        return _digest(self.secret, kind)


@lru_cache(maxsize=1024)
def _verified(secret: str, token: str) -> dict[str, Any]:
    """Return the claims of a token, whether it has expired or not: to verify one takes 0.2 ms."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token, secret, algorithms=["HS256"], options={"verify_aud": False, "verify_exp": False}
        )
    except jwt.ImmatureSignatureError as error:
        raise TokenRefused("PGRST303", "JWT not yet valid") from error
    except jwt.InvalidSignatureError as error:
        raise TokenRefused("PGRST301", "No suitable key or wrong key type") from error
    except jwt.InvalidTokenError as error:
        parts = token.count(".") + 1
        message = "JWT couldn't be decoded" if parts == 3 else f"Expected 3 parts in JWT; got {parts}"
        raise TokenRefused("PGRST301", message) from error
    if not isinstance(claims.get("exp", 0), int | float):
        raise TokenRefused("PGRST303", "The JWT 'exp' claim must be a number")
    return claims


@cache
def _digest(secret: str, kind: str) -> str:
    return hmac.new(secret.encode(), kind.encode(), hashlib.sha256).hexdigest()[:32]


@cache
def _signed_key(secret: str, role: str) -> str:
    content = {"iss": "gateway", "role": role, "iat": _KEYS_BEGIN, "exp": _KEYS_END}
    return jwt.encode(content, secret, algorithm="HS256")
