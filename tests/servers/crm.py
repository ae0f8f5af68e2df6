"""A small CRM whose people can be changed in every way: the definition that tests of writes share."""

from __future__ import annotations


def definition(*, attempts: int) -> str:
    """Return the YAML; `URL` stands where the server's address goes."""
    return f"""
name: crm
client: {{base_url: "URL", retry: {{attempts: {attempts}}}}}
resources:
- name: people
  endpoint: {{path: people, data_selector: data}}
  primary_key: id
  retrieve: {{path: "people/{{id}}"}}
write_endpoints:
- {{name: update_person, resource: people, method: PATCH, path: "people/{{id}}", response_path: $}}
- {{name: create_person, resource: people, method: POST, path: people, response_path: $}}
- {{name: delete_person, resource: people, method: DELETE, path: "people/{{id}}"}}
"""
