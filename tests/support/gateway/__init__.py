"""A test tool: the subset of Supabase's HTTP and websocket surface that our clients use, on a real Postgres.

Roles, claims, row-level security and the publication are the database's own; nothing is simulated but the
servers in front of it. Grammar that is not known is refused with an error, never ignored.

    claims      whose request it is: API keys and JSON Web Tokens
    project     its database and keys, and transactions in the role of whoever asks
    rest        PostgREST: tables and functions under /rest/v1
    auth        GoTrue: sign-up, sign-in, refresh under /auth/v1
    storage     Storage: objects of private and public buckets under /storage/v1
    realtime    Realtime: postgres_changes under /realtime/v1/websocket, protocols 1.0.0 and 2.0.0
    app         all of them as one ASGI application; `python -m gateway` serves it
"""
