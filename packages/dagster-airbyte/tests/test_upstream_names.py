"""Every public name of upstream 0.29.27: it is here, or asking for it raises a sentence that says what to use."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from dagster_managed_elements.airbyte import AirbyteDestination, AirbyteSource
from dagster_managed_elements.airbyte.specs.classes import class_name
from dagster_managed_elements.airbyte.specs.connectors import Connectors, Unfound
from dagster_managed_elements.airbyte.specs.facts import known_definitions

NAMES = {
    "dagster_airbyte": """
        AirbyteCloudResource AirbyteCloudWorkspace AirbyteCloudWorkspaceComponent AirbyteConnection
        AirbyteConnectionTableProps AirbyteDestination AirbyteDestinationNamespace AirbyteJobStatusType
        AirbyteManagedElementReconciler AirbyteOutput AirbyteResource AirbyteSource AirbyteSyncMode
        AirbyteWorkspace AirbyteWorkspaceComponent DagsterAirbyteTranslator __version__ airbyte_assets
        airbyte_cloud_resource airbyte_resource airbyte_sync_op build_airbyte_assets
        build_airbyte_assets_definitions load_airbyte_asset_specs load_airbyte_cloud_asset_specs
        load_assets_from_airbyte_instance load_assets_from_connections
    """,
    "dagster_airbyte.asset_decorator": """
        AirbyteCloudWorkspace AirbyteMetadataSet AirbyteWorkspace DagsterAirbyteTranslator airbyte_assets
    """,
    "dagster_airbyte.asset_defs": """
        AirbyteCloudResource AirbyteCloudWorkspace AirbyteConnection AirbyteConnectionMetadata
        AirbyteCoreCacheableAssetsDefinition AirbyteInstanceCacheableAssetsDefinition AirbyteMetadataSet
        AirbyteResource AirbyteTableMetadata AirbyteWorkspace AirbyteYAMLCacheableAssetsDefinition
        BaseAirbyteResource BaseAirbyteWorkspace DagsterAirbyteTranslator airbyte_assets
        build_airbyte_assets build_airbyte_assets_definitions generate_materializations
        generate_table_schema is_basic_normalization_operation load_assets_from_airbyte_instance
    """,
    "dagster_airbyte.cli": """
        main
    """,
    "dagster_airbyte.components.workspace_component.component": """
        AirbyteCloudWorkspace AirbyteCloudWorkspaceComponent AirbyteCloudWorkspaceModel
        AirbyteComponentTranslator AirbyteConnection AirbyteConnectionSelectorById
        AirbyteConnectionSelectorByName AirbyteConnectionTableProps AirbyteMetadataSet AirbyteWorkspace
        AirbyteWorkspaceComponent AirbyteWorkspaceComponentScaffolder AirbyteWorkspaceData
        AirbyteWorkspaceModel BaseAirbyteWorkspace BaseAirbyteWorkspaceModel
        DAGSTER_AIRBYTE_TRANSLATOR_METADATA_KEY DEFAULT_POLL_INTERVAL_SECONDS DagsterAirbyteTranslator
        resolve_airbyte_workspace_type resolve_connection_selector
    """,
    "dagster_airbyte.components.workspace_component.scaffolder": """
        AirbyteScaffolderParams AirbyteWorkspaceComponentScaffolder
    """,
    "dagster_airbyte.legacy_resources": """
        AIRBYTE_REFRESH_TIMEDELTA_SECONDS AirbyteCloudResource AirbyteJobStatusType AirbyteOutput
        AirbyteResource AirbyteResourceState BaseAirbyteResource DEFAULT_POLL_INTERVAL_SECONDS
        airbyte_cloud_resource airbyte_resource
    """,
    "dagster_airbyte.managed": """
        AirbyteConnection AirbyteDestination AirbyteDestinationNamespace AirbyteManagedElementReconciler
        AirbyteSource AirbyteSyncMode load_assets_from_connections
    """,
    "dagster_airbyte.managed.reconciliation": """
        AirbyteConnection AirbyteConnectionMetadata AirbyteDestination AirbyteDestinationNamespace
        AirbyteInstanceCacheableAssetsDefinition AirbyteManagedElementCacheableAssetsDefinition
        AirbyteManagedElementReconciler AirbyteResource AirbyteSource AirbyteSyncMode
        InitializedAirbyteConnection InitializedAirbyteDestination InitializedAirbyteSource
        MANAGED_ELEMENTS_DEPRECATION_MSG ManagedElementDiff ManagedElementError ManagedElementReconciler
        OPTIONAL_STREAM_SETTINGS SECRET_MASK_VALUE UNSET conn_dict diff_connections diff_destinations
        diff_dicts diff_sources gen_configured_stream_json is_basic_normalization_operation is_key_secret
        load_assets_from_connections reconcile_config reconcile_connections_post reconcile_connections_pre
        reconcile_destinations reconcile_normalization reconcile_sources
    """,
    "dagster_airbyte.managed.types": """
        AirbyteConnection AirbyteDestination AirbyteDestinationNamespace AirbyteSource AirbyteSyncMode
        GeneratedAirbyteDestination GeneratedAirbyteSource InitializedAirbyteConnection
        InitializedAirbyteDestination InitializedAirbyteSource MANAGED_ELEMENTS_DEPRECATION_MSG
    """,
    "dagster_airbyte.ops": """
        AirbyteOutput AirbyteSyncConfig BaseAirbyteResource COMPUTE_KIND_TAG DEFAULT_POLL_INTERVAL_SECONDS
        airbyte_sync_op generate_materializations
    """,
    "dagster_airbyte.resources": """
        AIRBYTE_CLOUD_CONFIGURATION_API_BASE AIRBYTE_CLOUD_CONFIGURATION_API_BASE_URL
        AIRBYTE_CLOUD_CONFIGURATION_API_VERSION AIRBYTE_CLOUD_REST_API_BASE AIRBYTE_CLOUD_REST_API_BASE_URL
        AIRBYTE_CLOUD_REST_API_VERSION AIRBYTE_RECONSTRUCTION_METADATA_KEY_PREFIX
        AIRBYTE_REFRESH_TIMEDELTA_SECONDS AirbyteClient AirbyteCloudWorkspace AirbyteConnection
        AirbyteConnectionTableProps AirbyteDestination AirbyteJob AirbyteJobStatusType AirbyteMetadataSet
        AirbyteOutput AirbyteWorkspace AirbyteWorkspaceData AirbyteWorkspaceDefsLoader BaseAirbyteWorkspace
        DAGSTER_AIRBYTE_TRANSLATOR_METADATA_KEY DEFAULT_POLL_INTERVAL_SECONDS DagsterAirbyteTranslator
        get_airbyte_connection_table_name get_translator_from_airbyte_assets load_airbyte_asset_specs
        load_airbyte_cloud_asset_specs
    """,
    "dagster_airbyte.translator": """
        AirbyteConnection AirbyteConnectionTableProps AirbyteDestination AirbyteJob AirbyteJobStatusType
        AirbyteMetadataSet AirbyteStream AirbyteWorkspaceData DagsterAirbyteTranslator generate_table_schema
        get_airbyte_connection_table_name
    """,
    "dagster_airbyte.types": """
        AirbyteOutput AirbyteTableMetadata
    """,
    "dagster_airbyte.utils": """
        AirbyteOutput DAGSTER_AIRBYTE_TRANSLATOR_METADATA_KEY generate_materializations
        generate_table_schema get_airbyte_connection_table_name get_translator_from_airbyte_assets
        is_basic_normalization_operation
    """,
    "dagster_airbyte.version": """
        __version__
    """,
    "dagster_managed_elements": """
        DiffData ManagedElementDiff ManagedElementError ManagedElementReconciler ModifiedDiffData
        SANITIZE_KEY_EXACT_MATCHES SANITIZE_KEY_KEYWORDS SECRET_MASK_VALUE is_key_secret
        ManagedElementCheckResult
    """,
    "dagster_managed_elements.cli": """
        ManagedElementDiff ManagedElementReconciler apply apply_cmd check check_cmd get_reconcilable_objects
        get_reconcilable_objects_from_module main
    """,
    "dagster_managed_elements.types": """
        DiffData ManagedElementDiff ManagedElementError ManagedElementReconciler ModifiedDiffData
        SANITIZE_KEY_EXACT_MATCHES SANITIZE_KEY_KEYWORDS SECRET_MASK_VALUE is_key_secret
        ManagedElementCheckResult
    """,
    "dagster_managed_elements.utils": """
        ManagedElementDiff UNSET diff_dicts
    """,
}

SOURCES = """
    Adjust Airtable AmazonAds AmazonSellerPartner AmazonSqs Amplitude ApifyDataset Appfollow Appsflyer
    AppstoreSinger Asana AwsCloudtrail AzureTable BambooHr Bigcommerce Bigquery BingAds Braintree Cart Chargebee
    Chargify Chartmogul Clickhouse CloseCom Cockroachdb Commercetools Confluence Courier Db2 Delighted Dixa
    Dockerhub Drift Dv360 E2eTest Elasticsearch ExchangeRates FacebookMarketing FacebookPages Faker Fauna File
    FileSecure Firebolt Flexport Freshcaller Freshdesk Freshsales Freshservice Github Gitlab Glassfrog
    Gocardless GoogleAds GoogleAnalyticsDataApi GoogleAnalyticsV4 GoogleDirectory GoogleSearchConsole
    GoogleSheets GoogleWorkspaceAdminReports Greenhouse Gutendex Harvest Hellobaton Hubplanner Hubspot Insightly
    Instagram Intercom Iterable Jdbc Jira Kafka Klaviyo KustomerSinger Kyriba Lemlist LeverHiring LinkedinAds
    LinkedinPages Linnworks Looker Mailchimp Mailgun Marketo Metabase MicrosoftTeams Mixpanel Monday Mongodb
    MongodbV2 Mssql MyHours Mysql Netsuite Notion Okta Onesignal Openweather Oracle Orb Orbit Outreach Pardot
    PaypalTransaction Paystack Persistiq Pinterest Pipedrive PivotalTracker Plaid Pokeapi Postgres Posthog
    Prestashop Primetric PythonHttpTutorial Qualaroo QuickbooksSinger Recharge Recurly Redshift Retently
    RkiCovid S3 Salesforce Salesloft ScaffoldJavaJdbc ScaffoldSourceHttp ScaffoldSourcePython SearchMetrics
    Sendgrid Sentry Sftp Shopify Shortio Slack Smartsheets SnapchatMarketing Snowflake Square
    StockTickerApiTutorial Strava Stripe Surveymonkey TalkdeskExplore Tempo Tidb TiktokMarketing Timely
    Tplcentral Trello Twilio Typeform UsCensus Webflow WhiskyHunter Woocommerce Wrike YahooFinancePrice
    YandexMetrica YoutubeAnalytics ZendeskChat ZendeskSunshine ZendeskSupport ZendeskTalk Zenefits Zenloop
    ZohoCrm ZoomSinger Zuora
"""

DESTINATIONS = """
    AmazonSqs AwsDatalake AzureBlobStorage Bigquery BigqueryDenormalized Cassandra Clickhouse Csv Databricks
    Dynamodb Elasticsearch Firebolt Firestore Gcs GoogleSheets Jdbc Kafka Keen Kinesis Kvdb LocalJson
    MariadbColumnstore Meilisearch Mongodb Mqtt Mssql Mysql Oracle Postgres Pubsub Pulsar R2 Rabbitmq Redis
    Redshift Rockset S3 ScaffoldDestinationPython Scylla SftpJson Snowflake Sqlite Tidb
"""

HERE = {
    "dagster_airbyte": """
        AirbyteConnection AirbyteDestination AirbyteDestinationNamespace AirbyteManagedElementReconciler
        AirbyteResource AirbyteSource AirbyteSyncMode __version__ airbyte_resource load_assets_from_connections
    """,
    "dagster_airbyte.cli": "main",
    "dagster_airbyte.legacy_resources": "AirbyteResource airbyte_resource",
    "dagster_airbyte.managed": """
        AirbyteConnection AirbyteDestination AirbyteDestinationNamespace AirbyteManagedElementReconciler
        AirbyteSource AirbyteSyncMode load_assets_from_connections
    """,
    "dagster_airbyte.managed.reconciliation": """
        AirbyteConnection AirbyteConnectionMetadata AirbyteDestination AirbyteDestinationNamespace
        AirbyteManagedElementReconciler AirbyteSource AirbyteSyncMode ManagedElementDiff ManagedElementError
        ManagedElementReconciler SECRET_MASK_VALUE UNSET diff_dicts is_key_secret load_assets_from_connections
    """,
    "dagster_airbyte.managed.types": """
        AirbyteConnection AirbyteDestination AirbyteDestinationNamespace AirbyteSource AirbyteSyncMode
    """,
    "dagster_airbyte.version": "__version__",
    **{module: names for module, names in NAMES.items() if module.startswith("dagster_managed_elements")},
}
"""What is not in this table raises a sentence."""

SENTENCES = {
    "AirbyteManagedElementCacheableAssetsDefinition": "load_assets_from_connections returns what takes its place",
    "AirbyteCloudWorkspace": r"say AirbyteInstance\(url=",
    "AirbyteWorkspace": r"say AirbyteInstance\(url=",
    "AirbyteCloudResource": r"say AirbyteInstance\(url=",
    "airbyte_cloud_resource": r"say AirbyteInstance\(url=",
    "reconcile_config": r"AirbyteManagedElementReconciler\(\.\.\.\)\.check\(\) returns what differs",
    "InitializedAirbyteSource": r"compared, not shown as objects: AirbyteManagedElementReconciler",
    "GeneratedAirbyteSource": r"AirbyteSource\(name, 'Postgres', \{\.\.\.\}\) does",
    "MANAGED_ELEMENTS_DEPRECATION_MSG": "not deprecated here",
    "airbyte_sync_op": "pip install 'dagster-airbyte<1' for it",
}
GONE = """
    AppstoreSingerSource BigcommerceSource CourierSource Dv360Source FileSecureSource GoogleAnalyticsV4Source
    GoogleWorkspaceAdminReportsSource JdbcSource KustomerSingerSource OrbitSource PythonHttpTutorialSource
    QuickbooksSingerSource ScaffoldJavaJdbcSource ScaffoldSourceHttpSource ScaffoldSourcePythonSource
    SearchMetricsSource StockTickerApiTutorialSource TalkdeskExploreSource ZoomSingerSource ZuoraSource
    AmazonSqsDestination BigqueryDenormalizedDestination CassandraDestination JdbcDestination KeenDestination
    KinesisDestination KvdbDestination MariadbColumnstoreDestination MeilisearchDestination MqttDestination
    PulsarDestination R2Destination RocksetDestination ScaffoldDestinationPythonDestination ScyllaDestination
    TidbDestination
"""
"""Connectors that left Airbyte's registry since."""

RENAMED = {"Db2", "Mongodb", "Oracle"}
"""Names that are another connector's by now, whose image is called otherwise."""


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in NAMES.items() for name in names.split()]
)
def test_every_name_of_upstream_is_here_or_says_what_to_use(module, name):
    if name in HERE.get(module, "").split():
        assert getattr(import_module(module), name) is not None
        return
    with pytest.raises(ImportError) as told:
        exec(f"from {module} import {name}")
    sentence = str(told.value)
    assert name in sentence or module.startswith(str(told.value.name))
    assert any(
        way in sentence
        for way in (
            "pip install 'dagster-airbyte<1'",
            "AirbyteManagedElementReconciler(",
            "AirbyteSource(",
            "load_assets_from_connections returns",
            "not deprec",
        )
    )


@pytest.mark.parametrize("name", SENTENCES)
def test_the_sentence_is_about_the_name_that_was_asked_for(name):
    modules = [module for module, names in NAMES.items() if name in names.split()]
    told = []
    for module in modules:
        with pytest.raises(ImportError) as error:
            exec(f"from {module} import {name}")
        told.append(str(error.value))
    assert any(re.search(SENTENCES[name], text) for text in told)


@pytest.mark.parametrize(
    ("side", "connector"),
    [*(("source", name) for name in SOURCES.split()), *(("destination", name) for name in DESTINATIONS.split())],
)
def test_every_generated_class_of_upstream_leads_to_its_connector(side, connector):
    name = f"{connector}{side.capitalize()}"
    made = getattr(import_module(f"dagster_airbyte.managed.generated.{side}s"), name)
    element = made("mine", host="h", port=None)
    assert isinstance(element, {"source": AirbyteSource, "destination": AirbyteDestination}[side])
    assert (element.name, element.fields()) == ("mine", {"type": connector, "configuration": {"host": "h"}})
    found = Connectors(side, known_definitions(side)).find(connector)
    assert isinstance(found, Unfound) is (name in GONE.split())
    if not isinstance(found, Unfound) and connector not in RENAMED:
        assert class_name(side, found) == name  # as `dagster-me types` names it


def test_a_class_is_the_same_whichever_way_it_is_imported_and_its_choices_too():
    from dagster_airbyte.managed.generated.sources import PostgresSource
    from dagster_managed_elements.airbyte.generated.sources import PostgresSource as Library

    assert PostgresSource is Library
    assert PostgresSource.VerifyFull is PostgresSource.VerifyFull
    assert PostgresSource.VerifyFull is not PostgresSource.VerifyCa


@pytest.mark.parametrize("name", ["postgres_source", "Postgres", "Source", "PostgresDestination", "postgresSource"])
def test_what_is_no_class_of_a_connector_says_how_one_is_named(name):
    with pytest.raises(ImportError, match=r"named for its connector: PostgresSource$"):
        exec(f"from dagster_airbyte.managed.generated.sources import {name}")


def test_a_class_that_is_derived_from_says_what_to_write():
    from dagster_airbyte.managed.generated.sources import PostgresSource

    with pytest.raises(TypeError, match=r"write a function that returns PostgresSource\(\.\.\.\)"):
        exec("class Mine(PostgresSource): pass", {"PostgresSource": PostgresSource})


def test_what_python_asks_of_a_module_is_no_name_of_upstream():
    for module in ("dagster_airbyte", "dagster_airbyte.resources", "dagster_airbyte.managed.generated.sources"):
        assert not hasattr(import_module(module), "__wrapped__")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'dagster_airbyte\._none'$"):
        import_module("dagster_airbyte._none")


def test_the_script_of_upstream_is_the_command_line():
    script = Path(sys.executable).parent / "dagster-airbyte"
    shown = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("Usage: dagster-airbyte ")
    assert {"check", "apply"} <= set(shown.split())
