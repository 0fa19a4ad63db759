import pytest
from django.contrib import admin

from config.lib.admin import ModelAdmin, ReadOnlyAdmin, Site


def policy_of(answer):
    directives = answer["Content-Security-Policy"].split("; ")
    return {name: set(values) for name, *values in (part.split() for part in directives)}


def test_the_admin_is_ours():
    assert admin.site.__class__ is Site


def test_the_admin_has_a_policy_of_its_own(page, staff):
    policy = policy_of(page(staff).get("/admin/"))
    assert policy["script-src"] == {"'self'", "'unsafe-eval'"}
    assert policy["style-src"] == {"'self'", "'unsafe-inline'"}
    assert policy["default-src"] == {"'self'"}
    assert policy["frame-ancestors"] == {"'none'"}


@pytest.mark.parametrize("path", ["/", "/login", "/account", "/admin/no/such/page/"])
def test_every_other_page_keeps_the_strict_one(page, staff, path):
    policy = policy_of(page(staff).get(path))
    assert policy["default-src"] == {"'self'"}
    assert "script-src" not in policy
    assert "style-src" not in policy


def test_a_visitor_signs_in_on_the_sites_own_page(client, db):
    answer = client.get("/admin/", follow=True)
    address, status = answer.redirect_chain[-1]
    assert (address.split("?")[0], status) == ("/login", 302)
    assert "next=/admin/" in address


def test_a_member_who_is_not_staff_is_refused(page, owner):
    answer = page(owner).get("/admin/", follow=True)
    assert answer.status_code == 403


def test_signing_out_of_the_admin_ends_the_session(page, staff):
    client = page(staff)
    answer = client.post("/admin/logout/")
    assert (answer.status_code, answer["Location"]) == (307, "/logout")


@pytest.mark.parametrize(
    "model_admin",
    [each for each in admin.site._registry.values() if isinstance(each, ReadOnlyAdmin)],
    ids=lambda each: each.opts.label,
)
def test_what_is_only_to_look_at_cannot_be_changed(model_admin, rf, staff):
    request = rf.get("/")
    request.user = staff
    assert model_admin.has_view_permission(request)
    assert not model_admin.has_add_permission(request)
    assert not model_admin.has_change_permission(request)


def test_every_model_of_ours_is_shown_in_the_look_of_the_house():
    ours = ("accounts", "integrations", "notifications", "dialogs")
    registered = {
        model: each for model, each in admin.site._registry.items() if model._meta.app_label in ours
    }
    assert registered
    assert all(isinstance(each, ModelAdmin) for each in registered.values())


@pytest.mark.parametrize(
    "model", sorted(admin.site._registry, key=lambda model: model._meta.label), ids=str
)
def test_every_list_of_the_admin_answers(page, staff, model):
    name = f"{model._meta.app_label}/{model._meta.model_name}"
    assert page(staff).get(f"/admin/{name}/").status_code == 200
