"""Tools for agents, over the Model Context Protocol: what a person does with the client.

Nothing here knows how a service is built; everything is asked of one, with somebody's key.
"""
