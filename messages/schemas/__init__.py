"""The JSON Schemas, the AsyncAPI and the OpenAPI document, as an installation carries them.

The schemas (*.json) are made from the structs and from the words of docs/contracts.md, by `make schemas`; the two
documents (*.yaml) are written by hand and refer to them.
"""
