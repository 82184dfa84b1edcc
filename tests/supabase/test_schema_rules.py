"""Rules that every table, policy and function keeps, also one that is added later.

Each rule is also tried on an object that breaks it: a rule that finds nothing anywhere proves nothing.
"""

from typing import Any

import pytest

OURS = "in ('public'::regnamespace, 'dreamcut_private'::regnamespace)"
RULES = {
    # Like Splinter's 0028 and 0029, which the platform's command does not run.
    "no function with its owner's rights can be called through the API": (
        """
        select p.oid::regprocedure::text
          from pg_proc p, unnest(array['anon', 'authenticated']) role
         where p.pronamespace = 'public'::regnamespace
           and p.prosecdef
           and has_function_privilege(role, p.oid, 'execute')
        """,
        "create function public.broken() returns int language sql security definer "
        "set search_path = pg_catalog, pg_temp as 'select 1'; "
        "grant execute on function public.broken() to authenticated",
    ),
    "only the known functions have their owner's rights": (
        f"""
        select p.oid::regprocedure::text
          from pg_proc p
         where p.pronamespace {OURS}
           and p.prosecdef
           and p.oid <> all (array[
                   'dreamcut_private.initialize_query(text, text, text, jsonb, jsonb, text)',
                   'public.dreamcut_schema_version()'
               ]::regprocedure[])
        """,
        "create function dreamcut_private.broken() returns int language sql security definer as 'select 1'",
    ),
    "every function looks for names in pg_catalog first and among temporary objects last": (
        f"""
        select p.oid::regprocedure::text
          from pg_proc p
         where p.pronamespace {OURS}
           and not coalesce(p.proconfig, '{{}}') @> array['search_path=pg_catalog, pg_temp']
        """,
        "create function public.broken() returns int language sql set search_path = '' as 'select 1'",
    ),
    "every function says itself who may call it": (
        f"""
        select p.oid::regprocedure::text
          from pg_proc p
         where p.pronamespace {OURS}
           and p.proname <> 'update_updated_at_column'
           and (p.proacl is null
                or exists (select 1 from aclexplode(p.proacl) a where a.grantee = 0)
                or has_function_privilege('anon', p.oid, 'execute'))
        """,
        "create function public.broken() returns int language sql set search_path = pg_catalog, pg_temp as "
        "'select 1'; grant execute on function public.broken() to public",
    ),
    "every table has row-level security and a policy": (
        """
        select c.relname
          from pg_class c
         where c.relnamespace = 'public'::regnamespace
           and c.relkind in ('r', 'p')
           and not (c.relrowsecurity and exists (select 1 from pg_policy p where p.polrelid = c.oid))
        """,
        "create table public.broken (id int)",
    ),
    "no view shows what its owner sees": (
        """
        select c.relname
          from pg_class c
         where c.relnamespace = 'public'::regnamespace
           and c.relkind in ('v', 'm')
           and not coalesce(c.reloptions, '{}') @> array['security_invoker=true']
        """,
        "create view public.broken as select * from public.dreamcut_queries",
    ),
    "every policy names its role": (
        "select policyname from pg_policies"
        " where schemaname = 'public' and roles && array['public', 'anon']::name[]",
        "create policy broken on public.dreamcut_queries for select using (false)",
    ),
    "every policy asks for the user once a statement": (
        """
        select policyname
          from pg_policies
         where schemaname = 'public'
           and replace(
                   lower(coalesce(qual, '') || coalesce(with_check, '')),
                   '( select auth.uid() as uid)', ''
               ) ~ 'auth\\.|current_setting'
        """,
        "create policy broken on public.dreamcut_queries for select to authenticated "
        "using (auth.uid()::text = user_id)",
    ),
    "users have policies to read only": (
        """
        select policyname
          from pg_policies
         where schemaname = 'public' and cmd <> 'SELECT' and roles <> array['service_role']::name[]
        """,
        "create policy broken on public.dreamcut_queries for update to authenticated using (true)",
    ),
    "one policy a table, command and role": (
        """
        select tablename || ' ' || role || ' ' || cmd
          from pg_policies, unnest(roles) role
         where schemaname = 'public'
         group by tablename, role, cmd
        having count(*) > 1
        """,
        "create policy broken on public.dreamcut_queries for select to authenticated using (true)",
    ),
    "every foreign key has an index": (
        """
        select c.conname
          from pg_constraint c
         where c.contype = 'f'
           and c.connamespace = 'public'::regnamespace
           and not exists (
                   select 1 from pg_index i
                    where i.indrelid = c.conrelid
                      and i.indpred is null
                      and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] = c.conkey
               )
        """,
        "alter table public.dreamcut_leases add column broken uuid references public.dreamcut_queries (id)",
    ),
    "no index is there twice": (
        """
        select min(i.indexrelid::regclass::text)
          from pg_index i join pg_class c on c.oid = i.indrelid
         where c.relnamespace = 'public'::regnamespace
         group by i.indrelid, i.indkey::text, i.indclass::text, i.indoption::text, i.indpred::text,
                  i.indexprs::text
        having count(*) > 1
        """,
        "create index broken on public.dreamcut_queries (created_at desc)",
    ),
    "every table has a primary key": (
        """
        select c.relname
          from pg_class c
         where c.relnamespace = 'public'::regnamespace
           and c.relkind = 'r'
           and not exists (select 1 from pg_constraint p where p.conrelid = c.oid and p.contype = 'p')
        """,
        "create table public.broken (id int)",
    ),
    "every table and function is described": (
        """
        select c.relname
          from pg_class c
         where c.relnamespace = 'public'::regnamespace
           and c.relkind = 'r'
           and obj_description(c.oid, 'pg_class') is null
         union all
        select p.oid::regprocedure::text
          from pg_proc p
         where p.pronamespace in ('public'::regnamespace, 'dreamcut_private'::regnamespace)
           and p.prorettype <> 'trigger'::regtype
           and obj_description(p.oid, 'pg_proc') is null
        """,
        "create table public.broken (id int)",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_rule_holds_and_would_be_seen_broken(connect: Any, rule: str) -> None:
    owner = connect("owner", autocommit=False)
    query, breach = RULES[rule]
    assert owner.execute(query.encode()).fetchall() == []
    owner.execute(breach.encode())
    assert owner.execute(query.encode()).fetchall() != []
    owner.rollback()
