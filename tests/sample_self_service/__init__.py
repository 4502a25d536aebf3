"""A small backend of a self-service portal, as somebody outside would write it.

It shows each way of calling the registry's self-service API, and imports nothing of
this project. ``docs/self-service-api.md`` walks through it.

==================  ====================================================================
``app.py``          what the citizen's browser calls
``citizens.py``     who the citizen is: their token of the country's login service
``access.py``       by what right the registry is called: three ways, one to choose
``registry.py``     the calls
``settings.py``     where things are, from environment variables
==================  ====================================================================
"""
