"""The connector file and config.yaml: outside data becomes typed models."""
