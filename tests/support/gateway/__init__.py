"""A test tool: the subset of Supabase's HTTP and websocket surface that our clients use, on a real Postgres.

Roles, claims, row-level security and the publication are the database's own; nothing is simulated but the
servers in front of it. Grammar that is not known is refused with an error, never ignored.

    claims      whose request it is: API keys and JSON Web Tokens
    door        what stands before a hosted project: no API key, no entrance
    project     its database and keys, and transactions in the role of whoever asks
    rest        PostgREST: tables and functions under /rest/v1
    auth        GoTrue: sign-up, sign-in, refresh under /auth/v1
    storage     Storage: objects of private and public buckets under /storage/v1
    realtime    Realtime: postgres_changes under /realtime/v1/websocket, protocols 1.0.0 and 2.0.0
    faults      a network that misbehaves by a seed, to be put before a gateway; also a command
    app         all of them as one ASGI application; `python -m gateway` serves it

In a test take the fixture `supabase_project`; from elsewhere, with `tests/support` in PYTHONPATH:
    python -m gateway --database-url "dbname=..." --secret <32 characters or more> --until-stdin-closes

As on a hosted project an answer has 1000 rows at most, an update or delete needs a condition, a refusal
of Storage has the HTTP status 400 whatever it says inside, and another project's API key does not get in.
Other than there: preferences are always handled strictly; a changed schema is noticed when a request
names what was not there before; a refresh token works once, without the 10 seconds of grace; an access
token expires on the second.
Not there: embedding through a third table, aggregates, spreads, full-text search, CSV, query plans, PUT,
the header Range for rows, counts that are estimated; everything of GoTrue beside addresses and passwords;
copying, moving, transforming and resumable uploads of objects; policies of storage.objects, whose place is
taken by one rule: the first folder of a path is its owner's id.
"""
