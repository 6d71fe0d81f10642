import pytest

from creatives.rendering import compile_content, render, shown

NAME = {"variable": "name", "fallback": "you", "source": "customer.name"}
NOTHING = {"customer": {}, "attributes": {}, "personalization": {}}


def filled(text, *mappings, field="body", template_type="email_html", **customer):
    sources = {**NOTHING, "customer": customer}
    return render({field: text}, mappings or [NAME], sources, template_type=template_type)[field]


def test_the_contracts_own_creative_is_rendered_whole():
    content = {
        "subject": "You're pre-approved for a higher limit",
        "headline": "Hey {first_name}, lift your limit to {recommended_credit_limit}",
        "body": "<p>Up to <strong>{recommended_credit_limit}</strong>.</p>",
        "ctaText": "Accept upgrade",
        "ctaUrl": "https://example.com/accept?for={first_name}",
    }
    mappings = [
        {"variable": "first_name", "fallback": "valued customer", "source": "customer.first_name"},
        {
            "variable": "recommended_credit_limit",
            "fallback": "$5,000",
            "source": "personalization.recommended_credit_limit",
        },
    ]
    sources = {"customer": {}, "attributes": {}, "personalization": {"recommended_credit_limit": 7500}}
    assert render(content, mappings, sources) == {
        "subject": "You're pre-approved for a higher limit",
        "headline": "Hey valued customer, lift your limit to 7500",
        "body": "<p>Up to <strong>7500</strong>.</p>",
        "ctaText": "Accept upgrade",
        "ctaUrl": "https://example.com/accept?for=valued%20customer",
    }


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Hi {name}", "Hi Ada"),
        ("{name}{name}", "AdaAda"),
        ("{{name}} is {name}", "{name} is Ada"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{{name}}"),
        ("{other}", "{other}"),
        ("{na me} {} { {name }", "{na me} {} { {name }"),
        ("100 % off, %s %(name)s %% {name}", "100 % off, %s %(name)s %% Ada"),
        ("a{color:red} {name}", "a{color:red} Ada"),
    ],
)
def test_tokens_are_filled_and_every_other_brace_is_text(text, rendered):
    assert filled(text, name="Ada") == rendered


def test_a_value_that_looks_like_a_token_is_not_filled_again():
    both = [NAME, {"variable": "other", "source": "customer.other"}]
    assert filled("{name} {other}", *both, name="{other} {{name}} %(other)s", other="x") == (
        "{other} {{name}} %(other)s x"
    )


@pytest.mark.parametrize(
    ("source", "customer", "rendered"),
    [
        ("customer.name", {}, "you"),
        ("customer.name", {"name": None}, "you"),
        ("customer.name", {"name": ""}, ""),
        ("customer.name", {"name": 0}, "0"),
        ("customer.home.city", {"home": {"city": "Ulm"}}, "Ulm"),
        ("customer.home.city", {"home": "Ulm"}, "you"),
        ("customer.home.city", {"home": None}, "you"),
        ("customer", {"name": "Ada"}, "you"),
        ("secrets.name", {"name": "Ada"}, "you"),
        ("", {"name": "Ada"}, "you"),
        (None, {"name": "Ada"}, "you"),
    ],
)
def test_a_source_is_a_path_and_nothing_at_its_end_is_the_fallback(source, customer, rendered):
    assert filled("{name}", {**NAME, "source": source}, **customer) == rendered


def test_attributes_and_personalization_are_sources_too_and_may_be_missing_altogether():
    mappings = [{"variable": "a", "source": "attributes.x"}, {"variable": "p", "source": "personalization.y.z"}]
    sources = {"attributes": {"x": 1}, "personalization": {"y": {"z": "two"}}}
    assert render({"body": "{a} {p}"}, mappings, sources) == {"body": "1 two"}
    assert render({"body": "[{a}{p}]"}, mappings, {}) == {"body": "[]"}


def test_values_are_shown_as_json_shows_them():
    assert [shown(v) for v in ("é", None, True, False, 5, 5.5, 1e30, [1, "é"], {"a": None})] == [
        "é", "", "true", "false", "5", "5.5", "1e+30", '[1,"é"]', '{"a":null}'
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "template_type", "rendered"),
    [
        ("body", "email_html", "&lt;b&gt; &amp; &quot;&#x27;/é?"),
        ("headline", "email_html", "&lt;b&gt; &amp; &quot;&#x27;/é?"),
        ("body", "in_app_modal", "&lt;b&gt; &amp; &quot;&#x27;/é?"),
        ("headline", "banner", "&lt;b&gt; &amp; &quot;&#x27;/é?"),
        ("body", "content_card", "&lt;b&gt; &amp; &quot;&#x27;/é?"),
        ("html", "webhook_json", "&lt;b&gt; &amp; &quot;&#x27;/é?"),
        ("bodyHtml", "sms_text", "&lt;b&gt; &amp; &quot;&#x27;/é?"),
        ("subject", "email_html", "<b> & \"'/é?"),
        ("preheader", "email_html", "<b> & \"'/é?"),
        ("plainText", "email_html", "<b> & \"'/é?"),
        ("body", "push_notification", "<b> & \"'/é?"),
        ("body", "sms_text", "<b> & \"'/é?"),
        ("body", "webhook_json", "<b> & \"'/é?"),
        ("body", "whatsapp_template", "<b> & \"'/é?"),
        ("body", "letter", "<b> & \"'/é?"),
        ("ctaUrl", "email_html", "%3Cb%3E%20%26%20%22%27%2F%C3%A9%3F"),
        ("imageUrl", "sms_text", "%3Cb%3E%20%26%20%22%27%2F%C3%A9%3F"),
        ("deepLink", "push_notification", "%3Cb%3E%20%26%20%22%27%2F%C3%A9%3F"),
        ("url", "webhook_json", "%3Cb%3E%20%26%20%22%27%2F%C3%A9%3F"),
    ],
)
def test_a_value_is_encoded_for_the_place_it_lands_in(field, template_type, rendered):
    assert filled("{name}", field=field, template_type=template_type, name="<b> & \"'/é?") == rendered


def test_in_a_template_type_of_the_clients_own_a_string_with_a_tag_is_html():
    assert filled("<p>{name}</p>", template_type="letter", name="<b>") == "<p>&lt;b&gt;</p>"
    assert filled("1 < 2 {name}", template_type="letter", name="<b>") == "1 < 2 <b>"


def test_fallbacks_are_values_like_any_other():
    mapping = {"variable": "name", "fallback": "Tom & Co"}
    assert filled("{name}", mapping) == "Tom &amp; Co"
    assert filled("{name}", mapping, field="subject") == "Tom & Co"
    assert filled("{name}", {"variable": "name", "fallback": 5000}) == "5000"


def test_tokens_are_filled_at_any_depth_and_the_nearest_telling_name_decides():
    content = {
        "subject": {"en": "Hi {name}", "de": ["Hallo {name}", 1, None]},
        "blocks": [{"text": "{name}", "ctaUrl": {"web": "https://x/{name}"}}, {"n": 1.5, "ok": True}],
        "{name}": "keys stay",
    }
    assert render(content, [NAME], {"customer": {"name": "A&B"}}) == {
        "subject": {"en": "Hi A&B", "de": ["Hallo A&B", 1, None]},
        "blocks": [{"text": "A&amp;B", "ctaUrl": {"web": "https://x/A%26B"}}, {"n": 1.5, "ok": True}],
        "{name}": "keys stay",
    }


def test_the_order_of_fields_survives():
    content = {"b": "{name}", "a": "x", "c": "{name}"}
    assert list(render(content, [NAME], NOTHING)) == ["b", "a", "c"]


def test_token_values_are_all_that_must_be_kept_to_render_the_same_again():
    content = {"subject": "{name} {unmapped}", "body": "<p>{name} {age}</p>"}
    mappings = [NAME, {"variable": "age", "source": "customer.age"}, {"variable": "unused", "fallback": "?"}]
    template = compile_content(content, mappings)
    values = template.token_values({"customer": {"name": "<Ada>", "age": 36}})
    assert template.tokens == ("name", "unmapped", "age")
    assert values == {"name": "<Ada>", "age": "36"}
    assert template.render(values) == {"subject": "<Ada> {unmapped}", "body": "<p>&lt;Ada&gt; 36</p>"}
    assert compile_content(content, mappings).render(values) == template.render(values)


def test_one_template_serves_many_customers_without_remembering_any():
    template = compile_content({"list": ["{name}", "same"]}, [NAME])
    assert [template.render({"name": name}) for name in ("Ada", "Bob")] == [
        {"list": ["Ada", "same"]},
        {"list": ["Bob", "same"]},
    ]


def test_of_two_mappings_of_one_token_the_later_holds():
    assert filled("{name}", NAME, {"variable": "name", "fallback": "last"}, name="Ada") == "last"


def test_half_of_a_character_does_not_stop_an_address():
    assert filled("https://x/{name}", field="ctaUrl", name="a\ud800") == "https://x/a%3F"


def test_content_without_tokens_is_itself():
    content = {"n": 1, "nested": [{"deep": None}], "text": "{ }"}
    assert render(content, [], {}) == content
    assert render({}, [], {}) == {}
