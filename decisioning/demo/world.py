"""The demo bank's catalogue and policies, as the payloads a client would send; names stand in for ids."""

from __future__ import annotations

from typing import Any, NamedTuple

Payload = dict[str, Any]


class Id(NamedTuple):
    """Stands for the public id of a row that has been stored before."""

    kind: str
    name: str


CATEGORIES: list[Payload] = [
    {"name": "Cards", "ordinal": 1, "color": "#2563eb", "icon": "credit_card"},
    {"name": "Loans", "ordinal": 2, "color": "#9333ea", "icon": "payments"},
    {"name": "Savings", "ordinal": 3, "color": "#059669", "icon": "savings"},
    {"name": "Insurance", "ordinal": 4, "color": "#d97706", "icon": "shield"},
]
SUB_CATEGORIES: list[Payload] = [
    {"name": "Premium cards", "category": "Cards"},
    {"name": "Everyday cards", "category": "Cards"},
    {"name": "Mortgages", "category": "Loans"},
    {"name": "Travel insurance", "category": "Insurance"},
]
CHANNELS: list[Payload] = [
    {"name": "Email", "channelType": "email", "costPerContact": 0.002},
    {"name": "Push", "channelType": "push", "costPerContact": 0.0005},
    {"name": "SMS", "channelType": "sms", "costPerContact": 0.045},
    {"name": "Website", "channelType": "web", "impressionMode": "implicit"},
    {"name": "Mobile app", "channelType": "in_app"},
]
PLACEMENTS: list[Payload] = [
    {"name": "Home hero", "channel": "Website", "slotType": "banner"},
    {"name": "Account sidebar", "channel": "Website", "slotType": "content_card", "maxSlots": 2},
    {"name": "Start screen", "channel": "Mobile app", "slotType": "content_card"},
]


class Offering(NamedTuple):
    """An offer and the channels it has creatives for."""

    name: str
    category: str
    part: str | None
    label: str
    priority: int
    channels: tuple[str, ...]


OFFERS = [
    Offering("Platinum Card Upgrade", "Cards", "Premium cards", "upsell", 80, ("Email", "Push", "Website")),
    Offering("Cashback Card", "Cards", "Everyday cards", "acquisition", 70, ("Email", "Website", "Mobile app")),
    Offering("Student Card", "Cards", "Everyday cards", "acquisition", 40, ("Push", "Mobile app")),
    Offering("Mortgage Refinancing", "Loans", "Mortgages", "cross-sell", 75, ("Email", "Website")),
    Offering("First Home Mortgage", "Loans", "Mortgages", "cross-sell", 65, ("Email",)),
    Offering("Car Loan", "Loans", None, "cross-sell", 55, ("Email", "SMS", "Website")),
    Offering("Instant Credit Line", "Loans", None, "upsell", 50, ("Push", "SMS", "Mobile app")),
    Offering("High-Yield Savings", "Savings", None, "retention", 60, ("Email", "Website", "Mobile app")),
    Offering("Children's Savings Plan", "Savings", None, "retention", 45, ("Email",)),
    Offering("Travel Insurance", "Insurance", "Travel insurance", "cross-sell", 50, ("Email", "Push", "Mobile app")),
    Offering("Home Insurance", "Insurance", None, "cross-sell", 45, ("Email", "Website")),
    Offering("Updated Terms", "Savings", None, "", 90, ("Email", "Mobile app")),
]
TEMPLATES = {
    "Email": "email_html",
    "Push": "push_notification",
    "SMS": "sms_text",
    "Website": "banner",
    "Mobile app": "content_card",
}
SEGMENTS = ("do_not_disturb", "students", "active_email_subscribers")

POLICIES: list[Payload] = [
    {
        "name": "Three e-mails a week",
        "description": "At most one e-mail a day and three a week.",
        "ruleType": "frequency_cap",
        "config": {"maxPerDay": 1, "maxPerWeek": 3},
        "scopes": [{"scope": "channel", "scopeId": Id("channel", "Email")}],
        "priority": 80,
    },
    {
        "name": "Rest after a text message",
        "ruleType": "cooldown",
        "config": {"cooldownHours": 72},
        "scopes": [{"scope": "channel", "scopeId": Id("channel", "SMS")}],
        "priority": 70,
    },
    {
        "name": "Car Loan launch budget",
        "ruleType": "budget_exhausted",
        "config": {"budgetField": "impressions", "threshold": 500},
        "scopes": [{"scope": "offer", "scopeId": Id("offer", "Car Loan")}],
        "priority": 60,
    },
    {
        "name": "Adverse outcomes quarantine",
        "description": "Nothing for 90 days after a complaint, an unsubscription, a hard bounce or a spam report.",
        "ruleType": "outcome_based",
        "config": {
            "afterOutcome": ["complaint", "unsubscribe", "hard_bounce", "spam_report"],
            "suppressForDays": 90,
            "bypassable": False,
        },
        "scopes": [{"scope": "global"}],
        "priority": 100,
    },
    {
        "name": "Respect do-not-disturb",
        "ruleType": "segment_exclusion",
        "config": {"excludeSegments": ["do_not_disturb"]},
        "scopes": [{"scope": "global"}],
        "priority": 95,
    },
    {
        "name": "Quiet hours on phones",
        "ruleType": "time_window",
        "config": {"startHour": 9, "endHour": 20, "timezone": "Europe/Berlin", "useCustomerTimezone": True},
        "scopes": [
            {"scope": "channel", "scopeId": Id("channel", "SMS")},
            {"scope": "channel", "scopeId": Id("channel", "Push")},
        ],
        "priority": 85,
    },
    {
        "name": "One mortgage at a time",
        "ruleType": "mutual_exclusion",
        "config": {"excludeOfferIds": [Id("offer", "First Home Mortgage")], "lookbackDays": 30},
        "scopes": [{"scope": "offer", "scopeId": Id("offer", "Mortgage Refinancing")}],
        "priority": 65,
    },
    {
        "name": "No offer more than four times a month",
        "ruleType": "cross_channel_cap",
        "config": {"maxTotal": 4, "periodType": "monthly"},
        "scopes": [{"scope": "global"}],
        "priority": 55,
    },
    {
        "name": "Customer communication budget",
        "ruleType": "customer_total_cap",
        "config": {"maxTotal": 12, "periodType": "monthly"},
        "scopes": [{"scope": "global"}],
        "priority": 75,
    },
    {
        "name": "Cross-selling in moderation",
        "ruleType": "offer_category_cap",
        "config": {"targetCategory": "cross-sell", "maxTotal": 5, "periodType": "monthly"},
        "scopes": [{"scope": "global"}],
        "priority": 50,
    },
    {
        "name": "Legal notices always go out",
        "ruleType": "allow_override",
        "config": {"reason": "Changed terms must reach every customer."},
        "scopes": [{"scope": "offer", "scopeId": Id("offer", "Updated Terms")}],
        "priority": 90,
    },
    {
        "name": "Let insurance rest",
        "ruleType": "category_suppression",
        "config": {"categoryId": Id("category", "Insurance"), "suppressionDays": 14},
        "scopes": [{"scope": "global"}],
        "priority": 40,
    },
]
