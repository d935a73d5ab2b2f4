"""The demonstration: the data of a shop and of an exchange, generated, and pipelines that run over them."""
