-- A change event carries the whole row. Briefs and findings can be larger than an event should be: then the
-- whole lies here, beside the row and outside the publication, and the row keeps an outline of it.

create table public.dreamcut_documents (
    id uuid primary key default gen_random_uuid(),
    query_id uuid not null references public.dreamcut_queries (id) on delete cascade,
    asset_id uuid,
    document jsonb not null check (jsonb_typeof(document) = 'object'),
    updated_at timestamptz not null default now(),

    constraint dreamcut_documents_asset_id_fkey
        foreign key (asset_id, query_id) references public.dreamcut_assets (id, query_id) on delete cascade,
    constraint dreamcut_documents_one_each
        unique nulls not distinct (query_id, asset_id)
);

create index idx_dreamcut_documents_asset_id
    on public.dreamcut_documents (asset_id, query_id);

comment on table public.dreamcut_documents is
    'Briefs and findings too large for a row that is sent with every change; not published.';
comment on column public.dreamcut_documents.asset_id is
    'Whose findings these are; null for the brief of the query.';
comment on column public.dreamcut_queries.payload is
    'The creative brief; set once, on completion. Where it holds left_out it is an outline: '
    'dreamcut_brief() gives the whole.';
comment on column public.dreamcut_assets.analysis is
    'Findings so far; partial while analyzing, fixed once the asset has ended, {} before the first. '
    'Where they hold left_out they are an outline: dreamcut_analysis() gives the whole.';

alter table public.dreamcut_documents enable row level security;
revoke all on public.dreamcut_documents from public, anon, authenticated;
grant select on public.dreamcut_documents to authenticated;
grant all on public.dreamcut_documents to service_role;

create policy "Users can view documents of own queries"
    on public.dreamcut_documents
   for select to authenticated
 using (exists (
        select 1
          from public.dreamcut_queries q
         where q.id = query_id
           and q.user_id = (select auth.uid())::text
       ));

create policy "Service role can manage all documents"
    on public.dreamcut_documents
   for all to service_role
 using (true)
  with check (true);

-- The most that a row keeps of a document, in bytes of JSON; with all else in the row an event stays
-- below 200 kB.
create function public.dreamcut_document_bytes()
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select 130000;
$$;

-- A document without its arrays of more than so many elements and, where few are kept, without the rest of
-- its long texts. left_out maps the path of each, as evidence writes paths, to its length.
create function public.dreamcut_outline(
    p_document jsonb,
    p_longest integer,
    p_path text,
    out outline jsonb,
    out left_out jsonb
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_array boolean := jsonb_typeof(p_document) = 'array';
    v_numbers bigint[];
    v_outlines jsonb[];
    v_left_out jsonb[];
begin
    outline = p_document;
    left_out = '{}';
    if v_is_array and jsonb_array_length(p_document) > p_longest then
        outline = '[]';
        left_out = jsonb_build_object(p_path, jsonb_array_length(p_document));
        return;
    end if;
    if jsonb_typeof(p_document) = 'string' then
        if p_longest < 50 and octet_length(p_document #>> '{}') >= 1000 then
            outline = to_jsonb(left(p_document #>> '{}', 200) || '…');
            left_out = jsonb_build_object(p_path, char_length(p_document #>> '{}'));
        end if;
        return;
    end if;

    -- Only into what can hold something to leave out: an array takes four bytes an element, or more.
    select array_agg(e.number), array_agg(i.outline), array_agg(i.left_out)
      into v_numbers, v_outlines, v_left_out
      from (
               select a.ordinality as number, '[' || a.ordinality - 1 || ']' as step, a.value
                 from jsonb_array_elements(case when v_is_array then p_document else '[]' end)
                      with ordinality a
                union all
               select o.ordinality, case p_path when '' then '' else '.' end || o.key, o.value
                 from jsonb_each(case when v_is_array then '{}' else p_document end) with ordinality o
           ) e,
           lateral public.dreamcut_outline(e.value, p_longest, p_path || e.step) i
     where case jsonb_typeof(e.value)
               when 'string' then p_longest < 50 and pg_column_size(e.value) >= 1000
               when 'array' then pg_column_size(e.value) > 4 * p_longest
               when 'object' then pg_column_size(e.value) > 4 * p_longest
               else false
           end
       and i.left_out <> '{}';
    if v_numbers is null then
        return;
    end if;
    if v_is_array then
        select jsonb_agg(coalesce(c.outline, a.value) order by a.ordinality) into outline
          from jsonb_array_elements(p_document) with ordinality a
          left join unnest(v_numbers, v_outlines) c (number, outline) on c.number = a.ordinality;
    else
        select jsonb_object_agg(o.key, coalesce(c.outline, o.value)) into outline
          from jsonb_each(p_document) with ordinality o
          left join unnest(v_numbers, v_outlines) c (number, outline) on c.number = o.ordinality;
    end if;
    select jsonb_object_agg(p.key, p.value) into left_out
      from unnest(v_left_out) l (part), lateral jsonb_each(l.part) p;
end;
$$;

-- What a row keeps of a document: all of it, or as much of it as fits and what was left out.
create function public.dreamcut_row_document(p_document jsonb)
returns jsonb
language plpgsql
stable
strict
set search_path = pg_catalog, pg_temp
as $$
declare
    v_longest integer;
    v_shortened record;
    v_kept jsonb;
begin
    if octet_length(p_document::text) <= public.dreamcut_document_bytes() then
        return p_document;
    end if;
    foreach v_longest in array array[500, 200, 100, 50, 20, 10, 5, 2, 0]
    loop
        v_shortened = public.dreamcut_outline(p_document, v_longest, '');
        v_kept = v_shortened.outline || jsonb_build_object('left_out', v_shortened.left_out);
        if octet_length(v_kept::text) <= public.dreamcut_document_bytes() then
            return v_kept;
        end if;
    end loop;
    -- Too many keys for anything else: strangers' documents only.
    return jsonb_build_object('left_out', jsonb_build_object('', octet_length(p_document::text)));
end;
$$;

-- Keep the whole of a document beside its row where the row cannot hold it; returns what the row keeps. Whoever
-- writes an outline means the document that is there already.
create function public.keep_dreamcut_document(p_query_id uuid, p_asset_id uuid, p_document jsonb)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kept jsonb := public.dreamcut_row_document(p_document);
begin
    if v_kept is distinct from p_document then
        insert into public.dreamcut_documents (query_id, asset_id, document)
        values (p_query_id, p_asset_id, p_document)
        on conflict on constraint dreamcut_documents_one_each
        do update set document = excluded.document, updated_at = now();
    elsif (p_document ? 'left_out') is not true then
        delete from public.dreamcut_documents d
         where d.query_id = p_query_id
           and d.asset_id is not distinct from p_asset_id;
    end if;
    return v_kept;
end;
$$;

-- The whole brief of a query, whether the row holds it or not; null before completion.
create function public.dreamcut_brief(p_query_id uuid)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
               (select d.document
                  from public.dreamcut_documents d
                 where d.query_id = q.id
                   and d.asset_id is null),
               q.payload
           )
      from public.dreamcut_queries q
     where q.id = p_query_id;
$$;

-- The whole findings of an asset, whether the row holds them or not; null before the first.
create function public.dreamcut_analysis(p_asset_id uuid)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
               (select d.document
                  from public.dreamcut_documents d
                 where d.query_id = a.query_id
                   and d.asset_id = a.id),
               nullif(a.analysis, '{}')
           )
      from public.dreamcut_assets a
     where a.id = p_asset_id;
$$;

revoke execute on function
    public.dreamcut_document_bytes(),
    public.dreamcut_outline(jsonb, integer, text),
    public.dreamcut_row_document(jsonb),
    public.keep_dreamcut_document(uuid, uuid, jsonb),
    public.dreamcut_brief(uuid),
    public.dreamcut_analysis(uuid)
  from public, anon, authenticated;
grant execute on function
    public.dreamcut_document_bytes(),
    public.dreamcut_outline(jsonb, integer, text),
    public.dreamcut_row_document(jsonb),
    public.keep_dreamcut_document(uuid, uuid, jsonb)
  to service_role;
grant execute on function
    public.dreamcut_brief(uuid),
    public.dreamcut_analysis(uuid)
  to authenticated, service_role;

-- Rows written before this rule; the triggers guard what has ended, and this changes its form only.
alter table public.dreamcut_queries disable trigger user;
update public.dreamcut_queries q
   set payload = public.keep_dreamcut_document(q.id, null, q.payload)
 where octet_length(q.payload::text) > public.dreamcut_document_bytes();
alter table public.dreamcut_queries enable trigger user;

alter table public.dreamcut_assets disable trigger user;
update public.dreamcut_assets a
   set analysis = public.keep_dreamcut_document(a.query_id, a.id, a.analysis)
 where octet_length(a.analysis::text) > public.dreamcut_document_bytes();
alter table public.dreamcut_assets enable trigger user;

-- From here on for every write, by function or by hand. A new row cannot have a document beside it yet.
create function public.keep_dreamcut_row_small()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        if octet_length(coalesce(to_jsonb(new) -> 'payload', to_jsonb(new) -> 'analysis')::text)
           > public.dreamcut_document_bytes() then
            raise exception 'a document of more than % bytes comes by an update, not with a new row',
                public.dreamcut_document_bytes()
                using errcode = 'invalid_parameter_value';
        end if;
    elsif tg_table_name = 'dreamcut_queries' then
        if new.payload is distinct from old.payload then
            new.payload = public.keep_dreamcut_document(new.id, null, new.payload);
        end if;
    elsif new.analysis is distinct from old.analysis then
        new.analysis = public.keep_dreamcut_document(new.query_id, new.id, new.analysis);
    end if;
    return new;
end;
$$;

revoke execute on function public.keep_dreamcut_row_small() from public, anon, authenticated;

create trigger keep_dreamcut_query_small
    before insert or update of payload on public.dreamcut_queries
    for each row execute function public.keep_dreamcut_row_small();

create trigger keep_dreamcut_asset_small
    before insert or update of analysis on public.dreamcut_assets
    for each row execute function public.keep_dreamcut_row_small();

alter table public.dreamcut_messages
    add constraint dreamcut_messages_fit_an_event
        check (octet_length(jsonb_build_array(content, emoji, key, data)::text) <= public.dreamcut_document_bytes())
        not valid;
