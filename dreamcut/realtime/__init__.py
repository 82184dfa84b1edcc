"""The manager: start queries in a Supabase project and follow them live, as a front end does.

with create_dreamcut_manager(access_token=token) as manager:
    query_id = manager.initialize_query(user_id, "A calm 20-second ad", [{"url": url, "type": "video"}])
    unsubscribe = manager.subscribe_to_query(query_id, on_new_message=lambda message: print(message.line))
"""

import inspect
from typing import TYPE_CHECKING, Union

from dreamcut.errors import InvalidRequest
from dreamcut.realtime.rows import AssetUpdate, FeedMessage, QuerySnapshot, QueryUpdate

if TYPE_CHECKING:
    from supabase import AsyncClient, Client

    from dreamcut.realtime.asynchronous import AsyncDreamCutManager, AsyncSubscription
    from dreamcut.realtime.blocking import DreamCutManager, Subscription
    from dreamcut.realtime.project import AccessToken

__all__ = [
    "AssetUpdate",
    "AsyncDreamCutManager",
    "AsyncSubscription",
    "DreamCutManager",
    "FeedMessage",
    "QuerySnapshot",
    "QueryUpdate",
    "Subscription",
    "acreate_dreamcut_manager",
    "create_dreamcut_manager",
]


def create_dreamcut_manager(
    url: str | None = None,
    key: str | None = None,
    *,
    access_token: "AccessToken | None" = None,
    client: "Client | None" = None,
) -> "DreamCutManager":
    """Return a manager for code without an event loop.

    Args:
        url: the project's address; else `SUPABASE_URL`.
        key: an API key; else `SUPABASE_ANON_KEY`, `SUPABASE_PUBLISHABLE_KEY` or `SUPABASE_KEY`. Without an
            access token `SUPABASE_SERVICE_ROLE_KEY` or `SUPABASE_SECRET_KEY` come first: a server's keys.
        access_token: as whom to ask; a user's token, or a callable that gives one that holds. It is called
            again shortly before the token expires and when the project refuses it.
        client: a `supabase` client instead of all of the above; its session is used and stays the only one.

    Raises:
        InvalidRequest: something is missing or cannot be used; says what to set.
    """
    from dreamcut.realtime.blocking import DreamCutManager
    from dreamcut.realtime.project import find_project

    asking = access_token if client is None else client.auth.get_session
    if inspect.iscoroutinefunction(asking):
        raise InvalidRequest("this needs an event loop: use acreate_dreamcut_manager")
    return DreamCutManager(find_project(url, key, access_token=access_token, client=client))


async def acreate_dreamcut_manager(
    url: str | None = None,
    key: str | None = None,
    *,
    access_token: "AccessToken | None" = None,
    client: Union["Client", "AsyncClient", None] = None,
) -> "AsyncDreamCutManager":
    """Return a manager for the running event loop; arguments and errors of `create_dreamcut_manager`.

    `access_token` may also be a coroutine function, and `client` an asynchronous one.
    """
    from dreamcut.realtime.asynchronous import AsyncDreamCutManager
    from dreamcut.realtime.project import find_project

    return AsyncDreamCutManager(find_project(url, key, access_token=access_token, client=client))
