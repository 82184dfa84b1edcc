-- Queries, their assets, and the director's feed about them.
-- No extension is needed: gen_random_uuid() is part of the server.

create table public.dreamcut_queries (
    id uuid primary key default gen_random_uuid(),
    user_id text not null check (user_id <> ''),
    user_prompt text not null check (char_length(user_prompt) between 1 and 5000),
    intent text not null check (intent in ('image', 'video', 'audio', 'mixed')),
    options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),

    status text not null default 'processing' check (status in ('processing', 'completed', 'failed')),
    stage text not null default 'init' check (stage in ('init', 'analyzing', 'merging', 'done')),
    progress integer not null default 0 check (progress between 0 and 100),

    payload jsonb check (jsonb_typeof(payload) = 'object'),
    error_message text check (error_message <> ''),

    processing_time_ms integer check (processing_time_ms >= 0),
    models_used text[] not null default '{}',
    cost_estimate numeric(10, 4) check (cost_estimate >= 0),

    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    completed_at timestamptz,

    idempotency_key text check (char_length(idempotency_key) between 1 and 200),
    last_message_seq integer not null default 0 check (last_message_seq >= 0),

    constraint dreamcut_queries_idempotency_key_is_unique
        unique (user_id, idempotency_key),
    constraint dreamcut_queries_ended_means_done
        check ((status <> 'processing') = (stage = 'done')
           and (status <> 'processing') = (progress = 100)
           and (status <> 'processing') = (completed_at is not null)),
    constraint dreamcut_queries_completed_has_payload
        check (status <> 'completed' or payload is not null),
    constraint dreamcut_queries_failed_has_reason
        check (status <> 'failed' or error_message is not null)
);

create table public.dreamcut_assets (
    id uuid primary key default gen_random_uuid(),
    query_id uuid not null references public.dreamcut_queries (id) on delete cascade,

    url text not null check (url <> ''),
    filename text not null check (filename <> ''),
    type text not null check (type in ('image', 'video', 'audio')),
    user_description text,
    file_size_bytes bigint check (file_size_bytes >= 0),
    metadata jsonb not null default '{}',

    status text not null default 'pending' check (status in ('pending', 'analyzing', 'completed', 'failed')),
    progress integer not null default 0 check (progress between 0 and 100),
    analysis jsonb not null default '{}',

    worker_id text,
    model_used text,
    processing_time_ms integer check (processing_time_ms >= 0),
    error_message text check (error_message <> ''),

    quality_score numeric(3, 2) check (quality_score between 0 and 1),
    confidence_score numeric(3, 2) check (confidence_score between 0 and 1),

    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    analyzed_at timestamptz,

    position integer not null check (position >= 0),

    constraint dreamcut_assets_position_is_unique
        unique (query_id, position),
    constraint dreamcut_assets_belong_to_one_query
        unique (id, query_id),
    constraint dreamcut_assets_final_has_time
        check ((status in ('completed', 'failed')) = (analyzed_at is not null)),
    constraint dreamcut_assets_completed_has_progress
        check (status <> 'completed' or progress = 100),
    constraint dreamcut_assets_failed_has_reason
        check (status <> 'failed' or error_message is not null)
);

create table public.dreamcut_messages (
    id uuid primary key default gen_random_uuid(),
    query_id uuid not null references public.dreamcut_queries (id) on delete cascade,

    type text not null check (type in (
        'status', 'asset_start', 'asset_progress', 'asset_complete',
        'merge', 'final', 'conflict', 'suggestion', 'error'
    )),
    content text not null check (content <> ''),
    emoji text,

    asset_id uuid,
    data jsonb not null default '{}',

    created_at timestamptz not null default now(),

    seq integer not null check (seq > 0),
    key text check (key <> ''),

    -- A message speaks only of an asset of its own query.
    constraint dreamcut_messages_asset_id_fkey
        foreign key (asset_id, query_id) references public.dreamcut_assets (id, query_id)
        on delete set null (asset_id),
    constraint dreamcut_messages_seq_is_unique
        unique (query_id, seq),
    constraint dreamcut_messages_key_is_unique
        unique (query_id, key)
);

comment on table public.dreamcut_queries is
    'A request for a creative brief and how far it is. Written by functions only; state moves forward only.';
comment on column public.dreamcut_queries.user_id is
    'Owner. With Supabase Auth the text of auth.users.id; it is what row-level security compares.';
comment on column public.dreamcut_queries.options is
    'What the user fixed beside the prompt, and what a front end keeps there.';
comment on column public.dreamcut_queries.progress is
    'Percent: 5 to 75 the mean of the assets, 80 once all have ended, 100 at the end.';
comment on column public.dreamcut_queries.payload is
    'The creative brief; set once, on completion.';
comment on column public.dreamcut_queries.cost_estimate is
    'Cost of the models used, in US dollars.';
comment on column public.dreamcut_queries.completed_at is
    'When the query ended, also when it failed.';
comment on column public.dreamcut_queries.idempotency_key is
    'Chosen by the caller: a second request of the same user with the same key is the first one.';
comment on column public.dreamcut_queries.last_message_seq is
    'Number of the newest message; a reader whose last message has a lower number has missed some.';

comment on table public.dreamcut_assets is
    'One file of a query and what was measured in it.';
comment on column public.dreamcut_assets.position is
    'Order in which the user gave the assets, from 0.';
comment on column public.dreamcut_assets.metadata is
    'Free JSON of the front end, returned untouched.';
comment on column public.dreamcut_assets.analysis is
    'Findings so far; partial while analyzing, fixed once the asset has ended, {} before the first.';
comment on column public.dreamcut_assets.worker_id is
    'Who reported last.';
comment on column public.dreamcut_assets.quality_score is
    'Technical quality, 0 to 1.';
comment on column public.dreamcut_assets.confidence_score is
    'Confidence of the analysis, 0 to 1.';
comment on column public.dreamcut_assets.analyzed_at is
    'When the analysis ended, also when it failed.';

comment on table public.dreamcut_messages is
    'The director''s feed: append only, numbered without gaps, so that it can be replayed.';
comment on column public.dreamcut_messages.seq is
    'Number within the query, from 1, without gaps, in the order of commit; assigned by the database.';
comment on column public.dreamcut_messages.key is
    'What the message is about, unique within its query: a repeat is not written again.';
