"""The client of the operator-management-service as the settings describe it."""

from actors.runtime.surroundings import surroundings
from adapters.client_certificate import CertificateFiles
from adapters.operator_management import OperatorManagementClient


def management_client() -> OperatorManagementClient:
    settings = surroundings().settings
    files = CertificateFiles(
        settings.operator_management_cert_file,
        settings.operator_management_key_file,
        settings.operator_management_ca_file,
    )
    return OperatorManagementClient(settings.operator_management_url, settings.connector_group, files)
