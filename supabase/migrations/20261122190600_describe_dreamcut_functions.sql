-- What each function is for, where an operator and docs/schema/database.md read it.

comment on function public.initialize_dreamcut_query is
    'Start a query: creates it with its assets and the first message, and returns its id. Users may do so for '
    'themselves, the service role for everybody; the same idempotency key of a user gives the same query.';
comment on function dreamcut_private.initialize_query is
    'Does the work of initialize_dreamcut_query, with its owner''s rights, outside the schema that the API shows.';

comment on function public.update_asset_progress is
    'Advance an asset and say so. The contract''s form of advance_dreamcut_asset, without an answer.';
comment on function public.advance_dreamcut_asset is
    'Advance an asset, store what is known of it and say so; false when the report came late and changed nothing.';
comment on function public.advance_dreamcut_query is
    'Move a query forward and say so; false when it was there already or has ended.';
comment on function public.add_dreamcut_message is
    'Append a message to the feed; false when the query already has one of that key, or a worker is late with it.';
comment on function public.complete_dreamcut_query is
    'Complete a query with its brief. The contract''s form of finish_dreamcut_query, without an answer.';
comment on function public.finish_dreamcut_query is
    'Complete a query with its brief, once; false when it is completed already.';
comment on function public.fail_dreamcut_query is
    'End a query and its unfinished assets as failed, once; false when it has already ended.';

comment on function public.dreamcut_brief is
    'The whole brief of a query, whether the row holds it or not; null before completion.';
comment on function public.dreamcut_analysis is
    'The whole findings of an asset, whether the row holds them or not; null before the first.';

comment on function public.claim_dreamcut_query is
    'Claim a query, this one or the one that has waited longest: its lease, or no row.';
comment on function public.claim_dreamcut_asset is
    'Claim an asset, this one or the one that has waited longest: its lease, or no row.';
comment on function public.renew_dreamcut_lease is
    'Hold a lease for longer, and return until when; an error (55006) once it is lost.';
comment on function public.release_dreamcut_lease is
    'Give a lease back; false when it was lost already.';
comment on function public.release_dreamcut_worker is
    'Take back all that a dead worker holds; returns how many leases these were.';

comment on function public.dreamcut_health is
    'What is stuck, silent, restarted, failing and slow, and what it costs: one row each.';
comment on function public.dreamcut_schema_version is
    'The newest migration of ours that this database has; null where nobody recorded one.';

comment on function public.take_dreamcut_lease is
    'Does the work of claim_dreamcut_query and claim_dreamcut_asset.';
comment on function public.check_dreamcut_lease is
    'Refuse (55006) a write whose token does not hold the query, or this asset of it.';
comment on function public.keep_dreamcut_document is
    'Keep a document that is too large for its row beside it; returns what the row keeps.';
comment on function public.dreamcut_row_document is
    'What a row keeps of a document: all of it, or an outline that fits.';
comment on function public.dreamcut_outline is
    'A document without its longest arrays and texts, and the length of each that was left out.';
comment on function public.dreamcut_document_bytes is
    'The most that a row keeps of a document, in bytes of JSON.';
comment on function public.dreamcut_step is
    'How far a stage or an asset''s status is; states only go up.';
