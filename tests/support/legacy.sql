-- The predecessor's tables as an installation has them, written anew from what is known of them.
-- Lines that end in "-- titled" are in some installations only.

create table public.briefs (
    id uuid default gen_random_uuid() primary key,
    brief_id text unique not null,
    created_at timestamp with time zone default now(),
    updated_at timestamp with time zone default now(),
    request jsonb not null,
    analysis jsonb not null,
    plan jsonb not null,
    status text not null default 'analyzed'
        check (status in ('analyzed', 'queued', 'processing', 'done', 'failed')),
    user_id uuid references auth.users (id) on delete cascade,
    metadata jsonb default '{}',
    title text, -- titled
    description text, -- titled
    constraint briefs_brief_id_unique unique (brief_id)
);

create index idx_briefs_brief_id on public.briefs (brief_id);
create index idx_briefs_status on public.briefs (status);
create index idx_briefs_user_id on public.briefs (user_id);
create index idx_briefs_created_at on public.briefs (created_at);

create table public.jobs (
    id uuid primary key default gen_random_uuid(),
    brief_id uuid references public.briefs (id) on delete cascade,
    type text not null check (type in (
        'analysis', 'asset_prep', 'storyboard', 'render', 'video_generation', 'image_processing', 'text_analysis'
    )),
    status text not null default 'pending'
        check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    priority int not null default 0,
    attempts int not null default 0,
    max_attempts int not null default 3,
    error text,
    result jsonb,
    metadata jsonb,
    started_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);

create index idx_jobs_status on public.jobs (status);
create index idx_jobs_type on public.jobs (type);
create index idx_jobs_brief_id on public.jobs (brief_id);
create index idx_jobs_priority_created on public.jobs (priority desc, created_at asc);
create index idx_jobs_pending on public.jobs (status, priority desc, created_at asc) where status = 'pending';

-- begin shared: the function whose name both systems use, in the predecessor's form
create or replace function public.update_updated_at_column()
returns trigger as $$
BEGIN
    NEW.updated_at = NOW();
    RETURN NEW;
END;
$$ language 'plpgsql';
-- end shared

create trigger update_briefs_updated_at
    before update on public.briefs
    for each row execute function update_updated_at_column();
create trigger update_jobs_updated_at
    before update on public.jobs
    for each row execute procedure update_updated_at_column();

create or replace function public.claim_job(job_id uuid, worker_id text default null)
returns boolean as $$
begin
    update jobs
       set status = 'processing',
           attempts = attempts + 1,
           started_at = now(),
           metadata = coalesce(metadata, '{}') || jsonb_build_object('worker_id', worker_id)
     where id = job_id and status = 'pending' and attempts < max_attempts;
    return found;
end;
$$ language plpgsql;

create or replace function public.complete_job(job_id uuid, job_result jsonb default null)
returns boolean as $$
begin
    update jobs
       set status = 'completed', result = job_result, completed_at = now()
     where id = job_id and status = 'processing';
    return found;
end;
$$ language plpgsql;

create or replace function public.fail_job(job_id uuid, error_message text default null)
returns boolean as $$
begin
    update jobs
       set status = case when attempts >= max_attempts then 'failed' else 'pending' end,
           error = error_message,
           completed_at = case when attempts >= max_attempts then now() end
     where id = job_id and status = 'processing';
    return found;
end;
$$ language plpgsql;

create or replace view public.job_stats as
select type,
       status,
       count(*) as count,
       avg(extract(epoch from (completed_at - started_at))) as avg_duration_seconds,
       max(attempts) as max_attempts_used
  from public.jobs
 where started_at is not null
 group by type, status;

create or replace view public.active_jobs as
select j.*,
       b.title as brief_title, -- titled
       b.user_id
  from public.jobs j
  left join public.briefs b on j.brief_id = b.id
 where j.status = 'processing'
 order by j.priority desc, j.started_at;

create or replace view public.pending_jobs_queue as
select j.*,
       b.title as brief_title, -- titled
       b.user_id
  from public.jobs j
  left join public.briefs b on j.brief_id = b.id
 where j.status = 'pending' and j.attempts < j.max_attempts
 order by j.priority desc, j.created_at;

alter table public.briefs enable row level security;
create policy "Users can view own briefs" on public.briefs for select using (auth.uid() = user_id);
create policy "Users can insert own briefs" on public.briefs for insert with check (auth.uid() = user_id);
create policy "Users can update own briefs" on public.briefs for update using (auth.uid() = user_id);
create policy "Service role full access" on public.briefs for all using (auth.role() = 'service_role');

alter table public.jobs enable row level security;
create policy "Users can view their own jobs" on public.jobs
    for select using (brief_id in (select id from public.briefs where user_id = auth.uid()));
create policy "Service role full access" on public.jobs for all using (auth.role() = 'service_role');

grant all on public.briefs to authenticated;
grant all on public.briefs to service_role;
grant all on public.jobs to service_role;
grant select on public.jobs, public.job_stats, public.active_jobs, public.pending_jobs_queue to authenticated;
