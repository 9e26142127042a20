"""Imitated web services and test connectors: the vendor's configuration keys and secret marks, words of ours."""

from __future__ import annotations

from airbyte_local.connectors.imitated import Imitated, always
from airbyte_local.connectors.schema import (
    boolean,
    choice,
    fields,
    integer,
    items,
    secret,
    specification,
    start_date,
    stream,
    text,
)

STRIPE = Imitated(
    specification=specification(
        "Stripe source, imitated",
        fields(
            "client_secret account_id",
            account_id=text(),
            client_secret=secret(),
            start_date=start_date(default="2017-01-25T00:00:00Z"),
            lookback_window_days=integer(minimum=0, default=0),
            slice_range=integer(minimum=1, default=365),
            num_workers=integer(minimum=1, maximum=20, default=10),
        ),
    ),
    streams=always(
        stream("customers", key="id", cursor="updated", id="string", updated="integer", email="string"),
        stream("invoices", key="id", cursor="updated", id="string", updated="integer", total="integer"),
        stream("charges", key="id", cursor="updated", id="string", updated="integer", amount="integer"),
        stream("shipping_rates", key="id", cursor="created", id="string", created="integer"),
    ),
)
GITHUB = Imitated(
    specification=specification(
        "GitHub source, imitated",
        fields(
            "credentials repositories",
            credentials=choice(
                "option_title",
                {
                    "OAuth Credentials": fields(
                        "access_token", access_token=secret(), client_id=secret(), client_secret=secret()
                    ),
                    "PAT Credentials": fields("personal_access_token", personal_access_token=secret()),
                },
            ),
            repositories=items(text(pattern="^[\\w.-]+/[\\w.*-]+$"), minItems=1),
            start_date=start_date(),
            branches=items(text()),
            api_url=text(default="https://api.github.com/"),
            max_waiting_time=integer(minimum=1, maximum=60, default=10),
        ),
    ),
    streams=always(
        stream(
            "issues", key="id", cursor="updated_at", id="integer", updated_at="string:date-time", title="string"
        ),
        stream("commits", key="sha", cursor="created_at", sha="string", created_at="string:date-time"),
        stream("branches", repository="string", name="string", protected="boolean"),
        stream("stargazers", key="user_id", cursor="starred_at", user_id="integer", starred_at="string:date-time"),
    ),
)
ONESIGNAL = Imitated(  # secrets inside an array: a full update does not restore them
    specification=specification(
        "OneSignal source, imitated",
        fields(
            "user_auth_key applications start_date outcome_names",
            user_auth_key=secret(),
            applications=items(
                fields("app_id app_api_key", app_name=text(), app_id=secret(), app_api_key=secret()), minItems=1
            ),
            start_date=start_date(),
            outcome_names=text(),
        ),
    ),
    streams=always(
        stream("apps", key="id", id="string", name="string"),
        stream("devices", key="id", cursor="last_active", id="string", last_active="integer"),
    ),
)
PAYSTACK = Imitated(  # a pattern on a secret: the mask does not satisfy it
    specification=specification(
        "Paystack source, imitated",
        fields(
            "secret_key start_date",
            secret_key=secret(pattern="^(s|r)k_(live|test)_[a-zA-Z0-9]+$"),
            start_date=start_date(),
            lookback_window_days=integer(minimum=0, default=0),
        ),
    ),
    streams=always(
        stream("transactions", key="id", cursor="createdAt", id="integer", createdAt="string:date-time"),
        stream("customers", key="id", cursor="createdAt", id="integer", createdAt="string:date-time"),
    ),
)
POKEAPI = Imitated(
    specification=specification("PokeAPI source, imitated", fields("pokemon_name", pokemon_name=text())),
    streams=always(stream("pokemon", key="id", id="integer", name="string", weight="integer")),
)


HARDCODED_RECORDS = Imitated(
    specification=specification(
        "Hardcoded Records source, not installed",
        fields(count=integer(title="Records of each stream", minimum=1, default=1000)),
    )
)
HUBSPOT = Imitated(
    specification=specification(
        "HubSpot source, imitated",
        fields(
            "credentials",
            credentials=choice(
                "credentials_title",
                {
                    "OAuth Credentials": fields(
                        "client_id client_secret refresh_token",
                        client_id=text(),
                        client_secret=secret(),
                        refresh_token=secret(),
                    ),
                    "Private App Credentials": fields("access_token", access_token=secret()),
                },
            ),
            start_date=start_date(),
            enable_experimental_streams=boolean(default=False),
            num_worker=integer(minimum=1, maximum=40, default=10),
        ),
    ),
    streams=always(
        stream("contacts", key="id", cursor="updatedAt", id="string", updatedAt="string:date-time"),
        stream("companies", key="id", cursor="updatedAt", id="string", updatedAt="string:date-time"),
        stream("owners", key="id", id="string", email="string"),
    ),
)
