"""The environment as typed values, and complaints that name the variable."""

import pytest

from dreamcut.errors import InvalidRequest
from dreamcut.settings import load_settings

URL = "https://abcdefgh.supabase.co"


@pytest.mark.parametrize("name", ["SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY"])
def test_a_project_is_a_pair_of_variables(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert load_settings().supabase is None
    monkeypatch.setenv("SUPABASE_URL", f" {URL}\n")  # as pasted
    with pytest.raises(InvalidRequest, match="SUPABASE_SERVICE_ROLE_KEY: set both"):
        _ = load_settings().supabase
    monkeypatch.setenv(name, "sb_secret_hush")
    settings = load_settings()
    assert settings.supabase is not None
    assert (settings.supabase.url, settings.supabase.key) == (URL, "sb_secret_hush")
    assert "hush" not in repr(settings) + repr(settings.supabase) + settings.model_dump_json()
    monkeypatch.setenv("SUPABASE_URL", "")
    with pytest.raises(InvalidRequest, match="without SUPABASE_URL"):
        _ = load_settings().supabase


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "DREAMCUT_DATABASE_URL"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert (settings.supabase, settings.database_url) == (None, None)


def test_shared_buckets_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().shared_buckets == ()
    monkeypatch.setenv("DREAMCUT_SHARED_BUCKETS", "library, stock ,,")
    assert load_settings().shared_buckets == ("library", "stock")


def test_a_value_that_cannot_be_used_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAMCUT_DATABASE_PATIENCE_SECONDS", "long")
    with pytest.raises(InvalidRequest, match=r"^DREAMCUT_DATABASE_PATIENCE_SECONDS: "):
        load_settings()
