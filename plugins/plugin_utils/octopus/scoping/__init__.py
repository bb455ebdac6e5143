"""Which value holds where: ``scopes`` (ranking), ``entries`` and ``loader`` (variable files), ``shared_cache`` (so that
a run reads them once), ``provided`` (the ``Octopus.…`` names), ``host`` (all that holds for one host of an inventory).
"""
